package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Published are the URLs at which the vendor publishes the description: the whole
// file, and the index of the pages, which is used if there is no file.
var Published = []string{
	"https://docs.cnaught.com/api-reference/openapi.yaml",
	"https://docs.cnaught.com/llms.txt",
}

const (
	fetchTimeout = 30 * time.Second
	// maxBytes is the largest size of a file. The description has about 100 KB.
	maxBytes = 16 << 20
	maxPages = 500
)

// IsURL reports whether a source is a URL.
func IsURL(from string) bool {
	return strings.HasPrefix(from, "https://") || strings.HasPrefix(from, "http://")
}

// FetchPublished fetches the first of the addresses that has a description. It writes
// the result to folder and returns the path of the file or folder to load.
func FetchPublished(ctx context.Context, addresses []string, folder string) (string, error) {
	var failures []error
	for _, address := range addresses {
		from, err := Fetch(ctx, address, folder)
		if err == nil {
			return from, nil
		}
		failures = append(failures, err)
	}
	return "", errors.Join(failures...)
}

// Fetch fetches a file, a page, or the pages of an index in the form of llms.txt. It
// writes the result to folder and returns the path of the file or folder to load.
func Fetch(ctx context.Context, address, folder string) (string, error) {
	f := &fetcher{client: &http.Client{Timeout: fetchTimeout, CheckRedirect: sameHost}, folder: folder}
	text, err := f.get(ctx, address)
	if err != nil {
		return "", err
	}
	if path.Ext(strings.TrimSuffix(address, "/")) != ".txt" {
		return f.write(fileName(address, text), text)
	}
	return f.index(ctx, address, string(text))
}

// sameHost refuses redirects to other hosts and from https to http.
func sameHost(req *http.Request, via []*http.Request) error {
	if first := via[0].URL; req.URL.Host != first.Host || first.Scheme == "https" && req.URL.Scheme != "https" {
		return fmt.Errorf("it redirects to %s, which is another host or not https", req.URL.Redacted())
	}
	if len(via) >= 5 {
		return errors.New("it redirects more than 5 times")
	}
	return nil
}

type fetcher struct {
	client *http.Client
	folder string
}

// get fetches one address. It returns an error if the answer cannot be a description.
func (f *fetcher) get(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("%s is not a URL: %w", address, err)
	}
	resp, err := f.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("fetch the description: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s: there is no description at this address", address, resp.Status)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", address, err)
	case len(text) > maxBytes:
		return nil, fmt.Errorf("%s is larger than %d MiB", address, maxBytes>>20)
	case isHTML(resp.Header.Get("Content-Type"), text):
		return nil, fmt.Errorf("%s answers with a web page (HTML): name the file (.yaml) or the page as Markdown (.md)", address)
	}
	return text, nil
}

func isHTML(contentType string, text []byte) bool {
	start := strings.ToLower(strings.TrimSpace(string(text[:min(len(text), 512)])))
	return strings.HasPrefix(contentType, "text/html") || strings.HasPrefix(start, "<!doctype html") || strings.HasPrefix(start, "<html")
}

func (f *fetcher) write(name string, text []byte) (string, error) {
	file := filepath.Join(f.folder, name)
	return file, os.WriteFile(file, text, 0o600)
}

// fileName returns the file name in an address. If it has no suitable extension, the
// one that fits the text is added.
func fileName(address string, text []byte) string {
	name := path.Base(address)
	if u, err := url.Parse(address); err == nil {
		name = path.Base(u.Path)
	}
	if isMarkdown(name) || isDescription(name) {
		return name
	}
	return name + ending(text)
}

// ending returns the extension that fits a text. A description begins with a member,
// and a page begins with other text.
func ending(text []byte) string {
	first, _, _ := strings.Cut(strings.TrimSpace(unix(string(text))), "\n")
	if strings.HasPrefix(first, "{") || topLevel.MatchString(first) {
		return ".yaml"
	}
	return ".md"
}

var (
	topLevel = regexp.MustCompile(`^(?:---|(?:"|')?[a-zA-Z-]+(?:"|')?:(?:\s|$))`)
	heading  = regexp.MustCompile(`^#+\s+(.*)$`)
	link     = regexp.MustCompile(`\]\(([^)\s]+)\)`)
)

// index fetches what an index in the form of llms.txt names: the first description in
// its section "OpenAPI Specs" that can be fetched, or else the pages of the API
// reference.
func (f *fetcher) index(ctx context.Context, address, text string) (string, error) {
	base, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	var specs, pages []string
	section := ""
	for line := range strings.SplitSeq(unix(text), "\n") {
		if title := heading.FindStringSubmatch(line); title != nil {
			section = strings.ToLower(title[1])
		}
		for _, found := range link.FindAllStringSubmatch(line, -1) {
			target, err := base.Parse(found[1])
			if err != nil || target.Host != base.Host {
				continue
			}
			switch {
			case strings.Contains(section, "openapi") && isDescription(target.Path):
				specs = append(specs, target.String())
			case strings.Contains(target.Path, "/api-reference/") && isMarkdown(target.Path):
				pages = append(pages, target.String())
			}
		}
	}
	for _, spec := range specs {
		if text, err := f.get(ctx, spec); err == nil {
			return f.write(fileName(spec, text), text)
		}
	}
	return f.pages(ctx, address, pages)
}

func (f *fetcher) pages(ctx context.Context, address string, pages []string) (string, error) {
	if len(pages) == 0 || len(pages) > maxPages {
		return "", fmt.Errorf("%s names %d pages of an API reference on its host, but no OpenAPI file that can be fetched", address, len(pages))
	}
	folder := filepath.Join(f.folder, "pages")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	for _, page := range pages {
		text, err := f.get(ctx, page)
		if err != nil {
			return "", err
		}
		_, after, _ := strings.Cut(page, "/api-reference/")
		name := strings.ReplaceAll(after, "/", "-")
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(name)), text, 0o600); err != nil {
			return "", err
		}
	}
	return folder, nil
}

// ReadFrom writes the contents of a reader, such as the standard input, to folder and
// returns the path of the file to load.
func ReadFrom(in io.Reader, folder string) (string, error) {
	text, err := io.ReadAll(io.LimitReader(in, maxBytes+1))
	if err != nil {
		return "", fmt.Errorf("read the description: %w", err)
	}
	if len(text) > maxBytes {
		return "", fmt.Errorf("the description is larger than %d MiB", maxBytes>>20)
	}
	file := filepath.Join(folder, "stdin"+ending(text))
	return file, os.WriteFile(file, text, 0o600)
}
