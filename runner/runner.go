// Package runner holds the Python that receives code inside a sandbox, and the
// locked list of the packages that it needs.
package runner

import "embed"

// Python is the package attache as it lies inside the sandbox.
//
//go:embed *.py *.json */*.py
var Python embed.FS

// Requirements locks the packages of the sandbox's environment, with hashes.
//
//go:embed requirements.txt
var Requirements []byte

// Example is a data set to try things with: four years of Seattle's weather, from
// vega-datasets (public domain, NOAA).
//
//go:embed tests/testdata/seattle-weather.csv
var Example []byte
