// Command mutants removes each rule from package ledger, one at a time, and reports
// whether a test fails without it. It changes no file, because the go command overlays
// the changed ones.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	only := flag.Int("rule", 0, "try only the mutants of this rule")
	flag.Parse()
	survived, err := tryAll(*only)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if survived > 0 {
		fmt.Printf("\n%d mutants survived\n", survived)
		os.Exit(1)
	}
}

func tryAll(only int) (survived int, err error) {
	dir, err := filepath.Abs("../../wrapper/ledger")
	if err != nil {
		return 0, err
	}
	for _, m := range mutants {
		if only != 0 && m.rule != only {
			continue
		}
		failed, err := m.try(dir)
		if err != nil {
			return survived, fmt.Errorf("rule %d, %s: %w", m.rule, m.what, err)
		}
		switch {
		case failed == "":
			survived++
			failed = "SURVIVED"
		case strings.HasPrefix(failed, "does not build"):
			survived++
		}
		fmt.Printf("rule %2d  %-62s %s\n", m.rule, m.what, failed)
	}
	return survived, nil
}

// try runs the tests until the first fails, and names it.
func (m *mutant) try(dir string) (string, error) {
	path := filepath.Join(dir, m.file)
	source, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(source), m.old); n != 1 {
		return "", fmt.Errorf("%s has %q %d times", m.file, m.old, n)
	}
	temp, err := os.MkdirTemp("", "cnaught-mutant-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(temp)
	mutated, overlay := filepath.Join(temp, m.file), filepath.Join(temp, "overlay.json")
	changed := strings.Replace(string(source), m.old, m.new, 1)
	if err := os.WriteFile(mutated, []byte(changed), 0o600); err != nil {
		return "", err
	}
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{path: mutated}})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(overlay, replace, 0o600); err != nil {
		return "", err
	}
	out, err := exec.Command("go", "test", "-overlay", overlay, "-vet=off", "-short", "-count=1", "-timeout=2m", ".").CombinedOutput()
	if err == nil {
		return "", nil
	}
	if !strings.Contains(string(out), "--- FAIL") && !strings.Contains(string(out), "panic:") {
		return "does not build: " + string(out), nil
	}
	for line := range strings.Lines(string(out)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "--- FAIL: "); ok {
			name, _, _ = strings.Cut(name, " ")
			return name, nil
		}
	}
	return "panic or timeout", nil
}
