package browser

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A customer of the example shop chooses an amount, pays, returns to the shop and opens
// the certificate, on the screens of a phone and a desktop, light and dark.
func TestExampleShopInABrowser(t *testing.T) {
	if os.Getenv("CNAUGHT_BROWSER_TEST") == "" {
		t.Skip("this test needs Chromium and runs only with CNAUGHT_BROWSER_TEST=1 (make browser-test)")
	}
	shop := startExampleShop(t)
	for _, width := range []int64{360, 1280} {
		for _, dark := range []bool{false, true} {
			style := fmt.Sprintf("%d-%s", width, map[bool]string{false: "light", true: "dark"}[dark])
			t.Run(style, func(t *testing.T) {
				b := startBrowser(t, true, "")
				b.prefer(dark)
				b.screen(width, 800)
				look := func(page string) { b.look("shop-"+page+"-"+style, width) }

				b.open(shop)
				look("form")
				b.do(chromedp.SetValue(chromedp.CSS("#kg"), "24"))
				b.click("self::main", "Continue")
				assert.Contains(t, b.text("[role=alert]"), "24 kg cost $0.48")
				look("too-cheap")

				b.do(chromedp.SetValue(chromedp.CSS("#kg"), "1250"))
				b.do(chromedp.SetValue(chromedp.CSS("#name"), "Jane Smith, on behalf of everybody at Acme Incorporated"))
				b.click("self::main", "Continue")
				assert.Contains(t, b.text("main"), "$25.00")
				look("cart")
				cart := b.location()

				b.click("self::main", "Pay")
				assert.Contains(t, b.text("main"), "1,250 kg")
				b.click("self::main", "Back")
				assert.Equal(t, cart, b.location(), "a customer who does not pay must return to the cart")
				b.click("self::main", "Pay")
				b.click("self::main", "Pay")
				assert.Equal(t, cart, b.location())
				b.do(chromedp.WaitVisible(chromedp.CSS("dl + a + h2 + dl"))) // The page reloads until it has the list that the shop adds.
				assert.Contains(t, b.text("h1"), "Thank you!")
				assert.Contains(t, b.text("main"), "125 kg")
				look("order")

				b.click("self::main", "See the certificate")
				assert.Contains(t, b.text("main"), "1,250 kg")
				assert.Contains(t, b.text("main"), "Jane Smith")
				look("certificate")

				b.open(shop + "carts/unknown")
				look("unknown")
				for _, message := range b.consoleErrors() {
					assert.Regexp(t, `/carts(/unknown)?: `, message, "only the intended mistakes must cause errors")
				}
			})
		}
	}
}

// startExampleShop builds and runs the example shop with its own sandbox, and returns the
// shop's URL. When the test ends, it kills the program.
func startExampleShop(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	binary := filepath.Join(dir, "checkout-shop")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-C", "../../examples", "-o", binary, "./checkout-shop").CombinedOutput()
	require.NoError(t, err, "%s", out)
	program := exec.Command(binary, "-addr", "127.0.0.1:0", "-sandbox", "127.0.0.1:0", "-db", filepath.Join(dir, "shop.db"))
	program.Stderr = os.Stderr
	stdout, err := program.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, program.Start())
	t.Cleanup(func() {
		require.NoError(t, program.Process.Kill())
		_ = program.Wait() // The error only says that the program was killed.
	})
	lines := bufio.NewReader(stdout)
	line, err := lines.ReadString('\n')
	require.NoError(t, err)
	go func() { _, _ = io.Copy(io.Discard, lines) }() // It ends with the program.
	return strings.TrimSpace(strings.TrimPrefix(line, "The shop is at "))
}

// look checks that the page is not wider than the screen, and takes a screenshot of the
// whole page.
func (b *browser) look(name string, width int64) {
	b.t.Helper()
	assert.LessOrEqual(b.t, get(b, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`)), width, name)
	if os.Getenv("CNAUGHT_BROWSER_SHOTS") != "" {
		b.screen(width, max(800, get(b, chromedp.Evaluate[int64](`document.documentElement.scrollHeight`))))
		b.shoot(name)
		b.screen(width, 800)
	}
}
