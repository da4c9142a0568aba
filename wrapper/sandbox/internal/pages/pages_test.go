package pages

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/books"
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/certificate"
)

func TestCheckoutSuccessURL(t *testing.T) {
	for given, want := range map[string]string{
		"https://shop.example/ok":                                        "https://shop.example/ok",
		"https://shop.example/ok?s={CHECKOUT_SESSION_ID}":                "https://shop.example/ok?s=Ab1",
		"https://shop.example/{CHECKOUT_SESSION_ID}/ok":                  "https://shop.example/Ab1/ok",
		"https://shop.example/ok?s={CHECKOUT_SESSION_ID}&t=%7BSTAY%7D#x": "https://shop.example/ok?s=Ab1&t=%7BSTAY%7D#x",
		"https://shop.example/ok#s={CHECKOUT_SESSION_ID}":                "https://shop.example/ok#s=Ab1",
		"https://a.example/{CHECKOUT_SESSION_ID}?{CHECKOUT_SESSION_ID}":  "https://a.example/Ab1?Ab1",
		// Only this literal is the placeholder.
		"https://shop.example/ok?s={checkout_session_id}":         "https://shop.example/ok?s={checkout_session_id}",
		"https://shop.example/ok?s={CHECKOUT_SESSION}":            "https://shop.example/ok?s={CHECKOUT_SESSION}",
		"https://shop.example/ok?s=CHECKOUT_SESSION_ID":           "https://shop.example/ok?s=CHECKOUT_SESSION_ID",
		"https://shop.example/ok?s=%7BCHECKOUT_SESSION_ID%7D":     "https://shop.example/ok?s=%7BCHECKOUT_SESSION_ID%7D",
		"https://shop.example/ok?s=%257BCHECKOUT_SESSION_ID%257D": "https://shop.example/ok?s=%257BCHECKOUT_SESSION_ID%257D",
		"https://shop.example/$1/ok?p=100%25&q=a+b%20c":           "https://shop.example/$1/ok?p=100%25&q=a+b%20c",
	} {
		assert.Equal(t, want, successURL(&books.Session{ID: "Ab1", SuccessURL: given}))
	}
}

func TestBreakable(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "text": "text", "/": "/",
		"http://127.0.0.1:8765/hook?order=1&b=2": "http:/" + "/<wbr>127.0.0.1:<wbr>8765/<wbr>hook?<wbr>order=<wbr>1&amp;<wbr>b=<wbr>2",
		"<script>/é/":                            "&lt;script&gt;/<wbr>é/",
	} {
		assert.Equal(t, want, string(breakable(text)))
	}
}

func TestWords(t *testing.T) {
	for name, want := range map[string]string{
		"": "", "none": "none", "GetCheckoutSessionById": "Get<wbr>Checkout<wbr>Session<wbr>By<wbr>Id",
		"UpdateSubaccountLogoFromURL": "Update<wbr>Subaccount<wbr>Logo<wbr>From<wbr>URL", "<b>": "&lt;b&gt;",
	} {
		assert.Equal(t, want, string(words(name)))
	}
}

func TestText(t *testing.T) {
	for kg, want := range map[float64]string{0: "0 kg", 10.5: "10.5 kg", 999: "999 kg", 1000: "1,000 kg", 1234567.25: "1,234,567.25 kg", -1500: "-1,500 kg"} {
		assert.Equal(t, want, certificate.Kg(kg))
	}
	for cents, want := range map[int64]string{0: "$0.00", 5: "$0.05", 99: "$0.99", 100: "$1.00", 123456789: "$1,234,567.89", -150: "-$1.50"} {
		assert.Equal(t, want, api.USDCents(cents).String())
	}
	for d, want := range map[time.Duration]string{
		0: "", time.Second: "1 second", 90 * time.Minute: "1 hour 30 minutes",
		49*time.Hour + 5*time.Second: "2 days 1 hour 5 seconds", 36500 * 24 * time.Hour: "36,500 days",
	} {
		assert.Equal(t, want, showDuration(d))
	}
}
