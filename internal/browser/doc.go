// Package browser tests the pages of the programs cnaught-sandbox and checkout-shop (the
// example shop) in a real browser, a headless Chromium. It is a separate module, so that
// programs which import the client do not depend on the browser's driver.
//
// The tests need Chromium (Debian's package chromium) and are skipped unless
// CNAUGHT_BROWSER_TEST is set. If CNAUGHT_BROWSER_SHOTS is set, they also write
// screenshots of the pages to that directory.
package browser
