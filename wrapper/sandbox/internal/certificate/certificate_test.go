package certificate

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func sample() *Certificate {
	return &Certificate{
		OrderID: "2FhU3B0F36_sandbox", OrderNumber: "47726-53238-46633-33562-7433", Description: `On behalf of Zoë (and \ Jörg) – 100 % of it`,
		AmountKg: 3000, CreatedOn: time.Date(2023, 10, 2, 12, 0, 0, 0, time.UTC), Fulfilled: true,
		Projects: []Share{{"Sandbox Project A", 1050}, {"Sandbox Project B", 1050}, {"Sandbox Project C", 600}, {"Sandbox Project D", 300}},
	}
}

// PDF readers find objects by the offsets in the cross-reference table.
func TestPDFOffsets(t *testing.T) {
	pdf := sample().PDF()
	require.True(t, bytes.HasPrefix(pdf, []byte("%PDF-1.4\n")))
	tail := regexp.MustCompile(`startxref\n(\d+)\n%%EOF\n$`).FindSubmatch(pdf)
	require.NotNil(t, tail)
	start, err := strconv.Atoi(string(tail[1]))
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(pdf[start:], []byte("xref\n0 8\n0000000000 65535 f \n")))
	for i, m := range regexp.MustCompile(`(\d{10}) 00000 n \n`).FindAllSubmatch(pdf[start:], -1) {
		offset, err := strconv.Atoi(string(m[1]))
		require.NoError(t, err)
		assert.True(t, bytes.HasPrefix(pdf[offset:], fmt.Appendf(nil, "%d 0 obj\n", i+1)), "object %d", i+1)
	}
	length := regexp.MustCompile(`/Length (\d+) >>\nstream\n`).FindSubmatchIndex(pdf)
	n, err := strconv.Atoi(string(pdf[length[2]:length[3]]))
	require.NoError(t, err)
	assert.True(t, bytes.HasPrefix(pdf[length[1]+n:], []byte("endstream")))
	assert.Equal(t, pdf, sample().PDF(), "the same certificate must give the same file")
}

// Poppler, an independent PDF reader, must be able to open the file and find the text.
func TestPDFIsReadByPoppler(t *testing.T) {
	for _, tool := range []string{"pdfinfo", "pdftotext"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("Debian's package poppler-utils is not installed")
		}
	}
	run := func(c *Certificate, name string, args ...string) string {
		file := filepath.Join(t.TempDir(), "certificate.pdf")
		require.NoError(t, os.WriteFile(file, c.PDF(), 0o600))
		out, err := exec.CommandContext(t.Context(), name, append(args, file)...).CombinedOutput()
		require.NoError(t, err, "%s", out)
		return string(out)
	}
	info := run(sample(), "pdfinfo")
	assert.Regexp(t, `(?m)^Title: +Certificate of order 47726-53238-46633-33562-7433$`, info)
	assert.Regexp(t, `(?m)^Pages: +1$`, info)
	assert.Regexp(t, `(?m)^Page size: +792 x 612 pts \(letter\)$`, info)
	assert.NotContains(t, info, "Error")
	toText := func(c *Certificate) string {
		file := filepath.Join(t.TempDir(), "certificate.pdf")
		require.NoError(t, os.WriteFile(file, c.PDF(), 0o600))
		out, err := exec.CommandContext(t.Context(), "pdftotext", "-enc", "UTF-8", file, "-").CombinedOutput()
		require.NoError(t, err, "%s", out)
		return strings.Join(strings.Fields(string(out)), " ")
	}
	text := toText(sample())
	for _, want := range []string{
		"3,000 kg CO2e", `On behalf of Zoë (and \ Jörg) – 100 % of it`, "1,050 kg from Sandbox Project A", "300 kg from Sandbox Project D",
		"Order 47726-53238-46633-33562-7433, placed on October 2, 2023", "No credits were bought.",
	} {
		assert.Contains(t, text, want)
	}

	// The longest description that the API allows fits on the page, with spaces or
	// without.
	for _, description := range []string{strings.TrimSpace(strings.Repeat("wording ", 64)), strings.Repeat("W", 512), strings.Repeat("日", 512)} {
		c := sample()
		c.Description = description
		text := toText(c)
		assert.Contains(t, text, "300 kg from Sandbox Project D")
		assert.Contains(t, text, "No credits were bought.")
	}
}

// Each line of text must be below the one before, even with the longest description and
// with the largest and the smallest mass that an order can have.
func TestLinesDoNotOverlap(t *testing.T) {
	for _, kg := range []float64{10, 1 << 53, 1234567.123456789, 5e-324} {
		c := sample()
		c.AmountKg, c.Description = kg, strings.Repeat("W", 512)
		last := float64(pageHeight)
		for _, m := range regexp.MustCompile(`(?m)^BT /F\d ([\d.]+) Tf \S+ (\S+) Td `).FindAllSubmatch(c.PDF(), -1) {
			size, err := strconv.ParseFloat(string(m[1]), 64)
			require.NoError(t, err)
			y, err := strconv.ParseFloat(string(m[2]), 64)
			require.NoError(t, err)
			assert.Less(t, y+size, last, "%v kg: %s", kg, m[0])
			last = y
		}
	}
}

func TestWrapKeepsAllTextWithinTheWidth(t *testing.T) {
	for _, text := range []string{"", "one", strings.Repeat("some words ", 60), strings.Repeat("W", 512)} {
		lines := wrap(regular, 16, encode(text))
		for _, line := range lines {
			assert.LessOrEqual(t, regular.width(line, 16), float64(textWidth))
		}
		assert.Equal(t, strings.ReplaceAll(text, " ", ""), strings.ReplaceAll(string(bytes.Join(lines, nil)), " ", ""))
	}
}

func TestEncode(t *testing.T) {
	assert.Equal(t, []byte("Zo\xeb \x80 \x96 ?  ?"), encode("Zoë € – 日\n\u0085🌱"))
}

func TestKg(t *testing.T) {
	for kg, want := range map[float64]string{0: "0 kg", 10.5: "10.5 kg", 999: "999 kg", 1000: "1,000 kg", 1234567.25: "1,234,567.25 kg", -1500: "-1,500 kg", -150: "-150 kg",
		0.000001: "0.000001 kg", 1e-7: "1e-07 kg", 5e-324: "5e-324 kg"} {
		assert.Equal(t, want, Kg(kg))
	}
}
