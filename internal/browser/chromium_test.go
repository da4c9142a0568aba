package browser

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// browser is a running Chromium with one tab.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu     sync.Mutex
	errors []string
}

// startBrowser starts a headless Chromium with an empty profile. The string hosts has
// rules for the flag --host-resolver-rules. Pages can run scripts only if scripts is
// true.
func startBrowser(t *testing.T, scripts bool, hosts string) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, // In a container, root has no user namespace for Chromium's sandbox.
		chromedp.DisableGPU,
		chromedp.IgnoreCertErrors, // The shop uses the certificate of httptest.
		chromedp.UserDataDir(t.TempDir()),
		chromedp.WindowSize(1280, 1000),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("host-resolver-rules", hosts),
	)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)

	b := &browser{t: t, ctx: ctx}
	listening := chromedp.Listen(ctx, func(event any) {
		if e, ok := event.(*log.EventEntryAdded); ok && e.Entry.Level == log.EntryLevelError {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.errors = append(b.errors, e.Entry.URL+": "+e.Entry.Text)
		}
	})
	require.NoError(t, listening, "Chromium must start; make browser-setup installs it")
	_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !scripts})
	require.NoError(t, err)
	return b
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.ctx, steps...))
}

func get[T any](b *browser, a chromedp.Action[T]) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, a)
	require.NoError(b.t, err)
	return v
}

// open opens the page and waits until it has loaded.
func (b *browser) open(url string) {
	b.t.Helper()
	b.do(chromedp.Navigate(url))
}

// click clicks the link or button whose text begins with text, within the element that
// matches the XPath condition in. It then waits until the next page has loaded.
func (b *browser) click(in, text string) {
	b.t.Helper()
	sel := fmt.Sprintf(`//*[%s]//*[self::a or self::button][starts-with(normalize-space(.), "%s")]`, in, text)
	_, err := chromedp.RunResponse(b.ctx, chromedp.Click(chromedp.Search(sel)))
	require.NoError(b.t, err, sel)
}

// text returns the visible text of the element.
func (b *browser) text(selector string) string {
	b.t.Helper()
	return get(b, chromedp.Text(chromedp.CSS(selector)))
}

func (b *browser) location() string {
	b.t.Helper()
	return get(b, chromedp.Location())
}

// consoleErrors returns the errors that the browser has reported so far, for example
// violations of a page's Content-Security-Policy.
func (b *browser) consoleErrors() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.errors)
}

// screen sets the size of the screen. A narrow screen emulates a phone.
func (b *browser) screen(width, height int64) {
	b.t.Helper()
	if width < 600 {
		b.do(chromedp.EmulateViewport(width, height, chromedp.EmulateMobile))
		return
	}
	b.do(chromedp.EmulateViewport(width, height))
}

// prefer makes the browser prefer dark or light pages.
func (b *browser) prefer(dark bool) {
	b.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	require.NoError(b.t, err)
}

// shoot writes a screenshot of the page to the directory CNAUGHT_BROWSER_SHOTS, if that
// variable is set.
func (b *browser) shoot(name string) {
	b.t.Helper()
	if dir := os.Getenv("CNAUGHT_BROWSER_SHOTS"); dir != "" {
		require.NoError(b.t, os.WriteFile(filepath.Join(dir, name+".png"), get(b, chromedp.CaptureScreenshot()), 0o644))
	}
}
