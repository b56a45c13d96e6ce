package tools_test

func serveTest(how string) {}
