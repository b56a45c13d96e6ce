package gvisor

import (
	"strings"
	"testing"
)

// The key of a snapshot is the same for processors of other names, steppings and speeds
// with the same features, and another where a feature is missing or more.
func TestCPUFeatures(t *testing.T) {
	const xeon = `processor	: 0
vendor_id	: GenuineIntel
cpu family	: 6
model		: 143
model name	: Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz
stepping	: 8
microcode	: 0xffffffff
cpu MHz		: 2699.998
flags		: fpu sse2 avx avx2 avx512f
bugs		: spectre_v1
`
	const arm = `processor	: 0
BogoMIPS	: 48.00
Features	: fp asimd sve
CPU implementer	: 0x41
CPU part	: 0xd40
`
	other := strings.NewReplacer("143", "207", "8481C CPU @ 2.70GHz", "8592+", "stepping	: 8", "stepping	: 2", "2699.998", "1900.000", "0xffffffff", "0x21", "spectre_v1", "spectre_v1 spectre_v2").Replace(xeon)
	if other == xeon || cpuFeatures(other) != cpuFeatures(xeon) {
		t.Error("another model with the same features has another key")
	}
	for what, pair := range map[string][2]string{
		"one feature less": {xeon, strings.Replace(xeon, " avx512f", "", 1)},
		"one feature more": {xeon, strings.Replace(xeon, "avx512f", "avx512f amx_tile", 1)},
		"another ARM":      {arm, strings.Replace(arm, "0xd40", "0xd0c", 1)},
		"ARM, less":        {arm, strings.Replace(arm, " sve", "", 1)},
	} {
		if cpuFeatures(pair[0]) == cpuFeatures(pair[1]) {
			t.Errorf("%s: the same key", what)
		}
	}
}
