package certificate

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// font is one of the standard fonts.
type font struct {
	name   string  // the name by which the page refers to the font
	widths [95]int // the widths of the characters from space to tilde, in thousandths of the font size
}

// otherWidth is used as the width of all other characters. Most letters have this
// width.
const otherWidth = 556

var (
	regular = &font{"F1", [95]int{
		278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
		556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
		1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
		667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
		333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
		556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
	}}
	bold = &font{"F2", [95]int{
		278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278,
		556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611,
		975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778,
		667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556,
		333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611,
		611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584,
	}}
)

// width returns the width of a text in points.
func (f *font) width(text []byte, size float64) float64 {
	sum := 0
	for _, c := range text {
		if c >= ' ' && c <= '~' {
			sum += f.widths[c-' ']
		} else {
			sum += otherWidth
		}
	}
	return float64(sum) * size / 1000
}

// page collects the drawing instructions of a page.
type page struct{ content bytes.Buffer }

// frame draws a rectangle at the distance margin from the edges of the page.
func (p *page) frame(margin, line float64) {
	fmt.Fprintf(&p.content, "0.04 0.42 0.26 RG %g w %g %g %g %g re S\n", line, margin, margin, pageWidth-2*margin, pageHeight-2*margin)
}

// centered draws a centered text, in as many lines as it needs, with the first baseline
// at y. It returns the baseline of the next line.
func (p *page) centered(f *font, size, y float64, text string) float64 {
	for _, line := range wrap(f, size, encode(text)) {
		x := (pageWidth - f.width(line, size)) / 2
		fmt.Fprintf(&p.content, "BT /%s %g Tf %.2f %.2f Td %s Tj ET\n", f.name, size, x, y, literal(line))
		y -= size * 1.35
	}
	return y
}

// wrap breaks a text into lines of at most textWidth. It breaks at spaces, and within
// words that are longer than a line.
func wrap(f *font, size float64, text []byte) (lines [][]byte) {
	var line []byte
	for _, word := range bytes.Fields(text) {
		if len(line) > 0 && f.width(line, size)+f.width(word, size)+f.width([]byte(" "), size) > textWidth {
			lines = append(lines, line)
			line = nil
		}
		if len(line) > 0 {
			line = append(line, ' ')
		}
		for _, c := range word {
			if f.width(append(line, c), size) > textWidth {
				lines = append(lines, line)
				line = nil
			}
			line = append(line, c)
		}
	}
	return append(lines, line)
}

// windows1252 has the characters at 0x80 to 0x9f in Windows-1252, which differ from
// Latin-1.
const windows1252 = "€\x00‚ƒ„…†‡ˆ‰Š‹Œ\x00Ž\x00\x00‘’“”•–—˜™š›œ\x00žŸ"

// encode encodes a text in Windows-1252. It replaces control characters with spaces,
// and all other characters that Windows-1252 lacks with question marks.
func encode(text string) []byte {
	special := []rune(windows1252)
	out := make([]byte, 0, len(text))
next:
	for _, r := range text {
		switch {
		case r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0:
			out = append(out, ' ')
			continue
		case r < 0x100:
			out = append(out, byte(r))
			continue
		}
		for i, s := range special {
			if s == r {
				out = append(out, byte(0x80+i))
				continue next
			}
		}
		out = append(out, '?')
	}
	return out
}

// literal returns text as a PDF string, in which all bytes except plain ASCII are
// escaped.
func literal(text []byte) string {
	var b strings.Builder
	b.WriteByte('(')
	for _, c := range text {
		switch {
		case c == '(' || c == ')' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte(')')
	return b.String()
}

// document returns a PDF file with one page.
func document(content []byte, title string, created time.Time) []byte {
	info := fmt.Sprintf("<< /Title %s /Producer (cnaught-sandbox) /CreationDate (D:%sZ) >>",
		literal(encode(title)), created.UTC().Format("20060102150405"))
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R /Lang (en-US) >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents 6 0 R "+
			"/Resources << /Font << /F1 4 0 R /F2 5 0 R >> >> >>", pageWidth, pageHeight),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%sendstream", len(content), content),
		info,
	}
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n") // The second line marks the file as binary.
	offsets := make([]int, len(objects))
	for i, object := range objects {
		offsets[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, offset := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, len(objects), start)
	return b.Bytes()
}
