package tools

import "time"

// Quick makes background loops fast enough for tests.
func Quick() {
	folderEvery, folderRetry = 20*time.Millisecond, 200*time.Millisecond
}

// CheckArguments checks arguments against a schema.
func CheckArguments(parameters, arguments string) (string, error) {
	s, err := compileSchema([]byte(parameters))
	if err != nil {
		return "", err
	}
	out, err := s.check("f", []byte(arguments))
	return string(out), err
}

var PythonCall = pythonCall
