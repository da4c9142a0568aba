// Package certificate generates the certificate of an order as a PDF file of one page.
package certificate

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Certificate is the content of a certificate.
type Certificate struct {
	OrderID     string
	OrderNumber string
	Description string
	AmountKg    float64
	CreatedOn   time.Time
	Fulfilled   bool    // whether the order is matched to credits
	Projects    []Share // where the credits of a fulfilled order come from
}

// Share is the part of an order that comes from one project.
type Share struct {
	Project  string
	AmountKg float64
}

// Kg formats a mass, for example as 1,595 kg or 10.5 kg.
func Kg(kg float64) string { return Number(kg) + " kg" }

// Number formats a number exactly, with its thousands separated, for example as
// 1,234.5. It formats one below a millionth with an exponent.
func Number(n float64) string {
	if n != 0 && math.Abs(n) < 1e-6 {
		return strconv.FormatFloat(n, 'g', -1, 64)
	}
	s := strconv.FormatFloat(n, 'f', -1, 64)
	end := len(s)
	for i, c := range s {
		if c == '.' {
			end = i
			break
		}
	}
	first := 0
	if n < 0 {
		first = 1
	}
	for i := end - 3; i > first; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// fittingSize returns the font size at which a description leaves enough room for the
// rest of the page. At the smallest size, the 512 characters that the API allows take
// at most eight lines.
func fittingSize(description string) float64 {
	text := encode(description)
	switch {
	case len(wrap(regular, 16, text)) <= 4:
		return 16
	case len(wrap(regular, 12, text)) <= 8:
		return 12
	}
	return 9
}

// The size of the page, which is US Letter in landscape, in points.
const (
	pageWidth  = 792
	pageHeight = 612
	textWidth  = 600
)

// PDF returns the certificate as a PDF file. The font is Helvetica, which every PDF
// reader has. It has only the characters of Windows-1252, so any other character is
// replaced with a question mark.
func (c *Certificate) PDF() []byte {
	var p page
	p.frame(24, 1.5)
	p.frame(30, 0.5)
	y := p.centered(regular, 12, 540, "CNaught sandbox")
	y = p.centered(bold, 30, y-34, "Certificate of carbon credits")
	mass := Kg(c.AmountKg) + " CO2e"
	size := min(44, (textWidth-1)/bold.width([]byte(mass), 1)) // It takes one line.
	y = p.centered(bold, size, y-42, mass)
	if c.Description != "" {
		y = p.centered(regular, fittingSize(c.Description), y-16, c.Description)
	}
	y -= 14
	if c.Fulfilled {
		for _, s := range c.Projects {
			y = p.centered(regular, 11, y-2, Kg(s.AmountKg)+" from "+s.Project)
		}
	} else {
		p.centered(regular, 11, y-2, "The order is placed. It has not been matched to credits yet.")
	}
	p.centered(regular, 11, 108, fmt.Sprintf("Order %s, placed on %s", c.OrderNumber, c.CreatedOn.UTC().Format("January 2, 2006")))
	p.centered(regular, 9, 84, "Id "+c.OrderID)
	p.centered(bold, 11, 56, "This certificate is a sample from a sandbox. No credits were bought.")
	return document(p.content.Bytes(), "Certificate of order "+c.OrderNumber, c.CreatedOn)
}
