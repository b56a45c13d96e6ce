package config

import (
	"os"
	"reflect"
	"slices"
)

// Take returns c with what of next may change while the program runs. It names the
// settings that were taken, and those that wait for a restart.
func (c Config) Take(next Config) (now Config, taken, waiting []string) {
	now = c
	from, to := reflect.ValueOf(next), reflect.ValueOf(&now).Elem()
	for i := range to.NumField() {
		f := to.Type().Field(i)
		name := f.Tag.Get("env")
		if name == "" || reflect.DeepEqual(from.Field(i).Interface(), to.Field(i).Interface()) {
			continue
		}
		if f.Tag.Get("live") == "" {
			waiting = append(waiting, name)
			continue
		}
		to.Field(i).Set(from.Field(i))
		taken = append(taken, name)
	}
	return now, taken, waiting
}

// Export puts what the file envFile has beside our settings into the environment,
// where it is not set: what libraries read there, such as AWS_ACCESS_KEY_ID and
// HTTPS_PROXY.
func Export(envFile string) error {
	fromFile, err := readFile(envFile)
	if err != nil {
		return err
	}
	ours := names()
	for name, value := range fromFile {
		if _, there := os.LookupEnv(name); there || slices.Contains(ours, name) {
			continue
		}
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}
