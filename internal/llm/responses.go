package llm

import (
	"encoding/json"
	"errors"
	"net/http"
)

func responsesParams(req Request, have limits) any { return json.RawMessage(`{}`) }

func readResponse(res *http.Response, a *assembly) error { return errors.New("not yet") }
