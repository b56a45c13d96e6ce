package tokens

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// litellm's list has dollars for one token, and thresholds in the names of
// fields: input_cost_per_token_above_272k_tokens.

// parseLitellm reads the models of litellm's list that have a price or a
// window. Other kinds of prices, as for seconds of audio, are left out.
func parseLitellm(top map[string]json.RawMessage) (map[string]*entry, error) {
	models := map[string]*entry{}
	for name, raw := range top {
		var m map[string]any
		d := json.NewDecoder(strings.NewReader(string(raw)))
		d.UseNumber()
		if err := d.Decode(&m); err != nil {
			return nil, fmt.Errorf("tokens: model %s: %w", name, err)
		}
		if name == "sample_spec" {
			continue
		}
		e, err := fromLitellm(m)
		if err != nil {
			return nil, fmt.Errorf("tokens: model %s: %w", name, err)
		}
		if e != nil {
			e.listed = (m["litellm_provider"] == "openai" || m["litellm_provider"] == "anthropic") && (m["mode"] == "chat" || m["mode"] == "responses") && !strings.ContainsAny(name, "/:")
			models[name] = e
		}
	}
	if len(models) == 0 {
		return nil, fmt.Errorf("tokens: no models: neither the form of data/models.json nor litellm's")
	}
	return models, nil
}

func fromLitellm(m map[string]any) (*entry, error) {
	e := &entry{
		Window:    count(m["max_input_tokens"]),
		MaxOutput: count(m["max_output_tokens"]),
	}
	var p Price
	million := big.NewRat(1e6, 1)
	rate := func(field string) (*Rate, error) {
		n, ok := m[field].(json.Number)
		if !ok {
			return nil, nil
		}
		r, err := parseRate(string(n))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", field, err)
		}
		return &Rate{*new(big.Rat).Mul(&r.Rat, million)}, nil
	}
	var err error
	if p.Input, err = rate("input_cost_per_token"); err != nil {
		return nil, err
	}
	if p.Output, err = rate("output_cost_per_token"); err != nil {
		return nil, err
	}
	if p.Cached, err = rate("cache_read_input_token_cost"); err != nil {
		return nil, err
	}
	if p.Write, err = rate("cache_creation_input_token_cost"); err != nil {
		return nil, err
	}
	batch, err := rate("input_cost_per_token_batches")
	if err != nil {
		return nil, err
	}
	if batch != nil && p.Input != nil && p.Input.Sign() > 0 {
		p.Batch = &Rate{*new(big.Rat).Quo(&batch.Rat, &p.Input.Rat)}
	}
	for field := range m {
		k, ok := strings.CutPrefix(field, "input_cost_per_token_above_")
		if !ok {
			continue
		}
		k, ok = strings.CutSuffix(k, "k_tokens")
		above, err := strconv.Atoi(k)
		if !ok || err != nil || above <= 0 || p.Long != nil && p.Long.Above <= above*1000 {
			continue // of several thresholds the first
		}
		in, err1 := rate(field)
		out, err2 := rate("output_cost_per_token_above_" + k + "k_tokens")
		if err1 != nil || err2 != nil || in == nil || p.Input == nil || p.Output == nil || p.Input.Sign() == 0 || p.Output.Sign() == 0 {
			continue
		}
		if out == nil {
			out = p.Output
		}
		p.Long = &Long{
			Above:  above * 1000,
			Input:  &Rate{*new(big.Rat).Quo(&in.Rat, &p.Input.Rat)},
			Output: &Rate{*new(big.Rat).Quo(&out.Rat, &p.Output.Rat)},
		}
	}
	switch {
	case p.Input != nil && p.Output != nil:
		e.Prices = []Price{p}
	case e.Window == 0:
		return nil, nil
	}
	return e, nil
}

// count reads a number of tokens, which some write as text; 0 if it is none.
func count(v any) int {
	var s string
	switch v := v.(type) {
	case json.Number:
		s = string(v)
	case string:
		s = v
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f > 0 && f < 1e9) {
		return 0
	}
	return int(f)
}
