package image

import (
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// hashes find pages by what they hold: of each hash one page, with the hash in the upper
// half and its number in the lower one, sorted. A page that is found is compared.
type hashes []uint64

// hashesFile has them, in a snapshot's folder.
const hashesFile = "pages.hash"

func hashOf(p []byte) uint32 { return crc32.Checksum(p, castagnoli) }

// find returns the number of a page with this hash, or -1.
func (h hashes) find(hash uint32) int {
	i, ok := slices.BinarySearchFunc(h, hash, func(entry uint64, hash uint32) int { return cmp.Compare(uint32(entry>>32), hash) })
	if !ok {
		return -1
	}
	return int(uint32(h[i]))
}

// hash computes the hashes of the base.
func (b *Base) hash() (h hashes, err error) {
	unix.Madvise(b.mapped, unix.MADV_POPULATE_READ)
	h = make(hashes, b.count)
	err = guarded(func() error {
		for i := range h {
			h[i] = uint64(hashOf(b.page(i)))<<32 | uint64(i)
		}
		return nil
	})
	slices.Sort(h)
	return slices.CompactFunc(h, func(a, b uint64) bool { return a>>32 == b>>32 }), err
}

// WriteHashes puts the hashes of a snapshot's pages into its folder, so that not
// everybody computes them who writes an image beside it.
func WriteHashes(dir string) error {
	b, err := OpenBase(dir, "")
	if err != nil {
		return err
	}
	defer b.Close()
	h, err := b.hash()
	if err != nil {
		return err
	}
	data := make([]byte, 0, 8*len(h))
	for _, entry := range h {
		data = binary.LittleEndian.AppendUint64(data, entry)
	}
	return os.WriteFile(filepath.Join(dir, hashesFile), data, 0o600)
}

// readHashes returns the hashes that are in the base's folder, or else computes them.
func (b *Base) readHashes() (hashes, error) {
	data, err := os.ReadFile(filepath.Join(b.dir, hashesFile))
	if err != nil || len(data)%8 != 0 {
		return b.hash()
	}
	h := make(hashes, len(data)/8)
	for i := range h {
		h[i] = binary.LittleEndian.Uint64(data[8*i:])
	}
	return h, nil
}
