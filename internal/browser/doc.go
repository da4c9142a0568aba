// Package browser tests the pages of the sandbox and of the example shop in a real
// browser: a headless Chromium opens the programs cnaught-sandbox and checkout-shop as
// a person would. It is a module of its own, so that nobody inherits the browser's
// driver.
//
// The tests need Chromium (Debian's package chromium) and are skipped unless
// CNAUGHT_BROWSER_TEST is set. With CNAUGHT_BROWSER_SHOTS=DIR they also write
// pictures of the pages there.
package browser
