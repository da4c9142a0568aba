package merge

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// Pair matches a published description with ours by path, method, status, media type
// and member. It returns what has to be remembered so that the names that Go callers
// know are kept. If a match is uncertain, it does not guess but returns a message in
// unsure, and a person has to add an entry to RememberedFile.
//
// The argument whole says that theirs is a complete description, so that what it
// leaves out is not published anywhere.
func Pair(ours, theirs *yaml.Node, before *Remembered, whole bool) (found *Remembered, unsure []string) {
	p := &pairing{
		ours: ours, theirs: theirs,
		seen: map[string]bool{}, uses: map[string]map[string][]use{}, inline: map[string]string{},
		keptBefore: map[string]bool{}, forced: map[string]string{}, operations: map[string]string{}, kept: map[string]Kept{},
	}
	for _, kept := range before.Kept {
		p.keptBefore[kept.At] = true
	}
	for _, name := range before.Names {
		if at, err := tree.ParsePath(name.At); err == nil && tree.Get(theirs, at...) != nil {
			p.forced[name.At] = name.Name
		}
	}
	// If a published and a transcribed operation use the same schema, the published
	// operation is reliable and the transcribed one is not. So it comes first.
	for _, transcribed := range []bool{false, true} {
		p.walkOperations(transcribed)
	}
	if whole {
		p.keepWebhooks()
	}
	found = p.remembered()
	p.keepReferenced(found)
	found.sort()
	return found, p.unsure
}

// use is a place in the published description that refers to a component, and at
// which our description refers to one too.
type use struct {
	at tree.Path
	// soft reports whether the place is in an error, on whose schema no Go code
	// depends.
	soft bool
}

type pairing struct {
	ours, theirs *yaml.Node
	seen         map[string]bool
	uses         map[string]map[string][]use // place of the published component -> our name -> uses
	inline       map[string]string           // published place -> our name
	order        []string                    // the keys of inline in the order in which they were found
	softInline   []Name
	operations   map[string]string // published place -> our operationId
	forced       map[string]string // published place -> our name, from the entries that were remembered
	kept         map[string]Kept
	keptBefore   map[string]bool
	unsure       []string

	transcribed, soft bool // properties of the current operation and response
}

func (p *pairing) walkOperations(transcribed bool) {
	for path, item := range tree.Pairs(tree.Get(p.ours, "paths")) {
		theirPath := p.pathOf(path)
		for _, method := range tree.Methods {
			operation, at := tree.Get(item, method), tree.Path{"paths", theirPath, method}
			theirs := tree.Get(p.theirs, at...)
			if operation == nil || theirs == nil || isTranscribed(operation, theirs) != transcribed {
				continue
			}
			if id := tree.Text(operation, "operationId"); id != "" && id != tree.Text(theirs, "operationId") {
				p.operations[at.String()] = id
			}
			p.transcribed = transcribed
			p.walkOperation(operation, item, at)
		}
	}
	for name, item := range tree.Pairs(tree.Get(p.ours, "webhooks")) {
		theirName := p.webhookOf(name)
		for _, method := range tree.Methods {
			operation, at := tree.Get(item, method), tree.Path{"webhooks", theirName, method}
			if theirs := tree.Get(p.theirs, at...); operation != nil && theirs != nil && isTranscribed(operation, theirs) == transcribed {
				p.transcribed = transcribed
				p.walkOperation(operation, item, at)
			}
		}
	}
}

// isTranscribed reports whether our operation was transcribed and the published one
// is not a copy of it.
func isTranscribed(ours, theirs *yaml.Node) bool {
	return tree.Text(ours, "x-source") == "transcribed" && tree.Text(theirs, "x-source") != "transcribed"
}

// pathOf returns the published form of one of our paths, in which the parameters may
// have other names.
func (p *pairing) pathOf(path string) string {
	if tree.Get(p.theirs, "paths", path) != nil {
		return path
	}
	for other := range tree.Pairs(tree.Get(p.theirs, "paths")) {
		if withoutNames(other) == withoutNames(path) {
			return other
		}
	}
	return path
}

func withoutNames(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if strings.HasPrefix(segment, "{") {
			segments[i] = "{}"
		}
	}
	return strings.Join(segments, "/")
}

// webhookOf returns the published name of one of our webhooks. If both descriptions
// have only one webhook, its name may differ.
func (p *pairing) webhookOf(name string) string {
	theirs := tree.Get(p.theirs, "webhooks")
	if theirs != nil && tree.Get(theirs, name) == nil && len(theirs.Content) == 2 && len(tree.Get(p.ours, "webhooks").Content) == 2 {
		return theirs.Content[0].Value
	}
	return name
}

func (p *pairing) walkOperation(ours, ourItem *yaml.Node, at tree.Path) {
	p.walkParameters(slices.Concat(sequence(tree.Get(ours, "parameters")), sequence(tree.Get(ourItem, "parameters"))), at)
	p.walkContent(p.resolved(tree.Get(ours, "requestBody")), slices.Concat(at, tree.Path{"requestBody"}))
	theirs := tree.Get(p.theirs, append(at[:len(at):len(at)], "responses")...)
	for status, response := range tree.Pairs(tree.Get(ours, "responses")) {
		theirStatus := status
		if tree.Get(theirs, status) == nil && strings.HasPrefix(status, "2") {
			theirStatus = onlySuccess(theirs)
		}
		p.soft = !strings.HasPrefix(status, "2")
		place := slices.Concat(at, tree.Path{"responses", theirStatus})
		p.walkContent(p.resolved(response), place)
		p.keepHeaders(p.resolved(response), place)
	}
	p.soft = false
}

func (p *pairing) resolved(n *yaml.Node) *yaml.Node {
	n, _ = tree.Resolve(p.ours, n, nil)
	return n
}

func onlySuccess(responses *yaml.Node) string {
	found := ""
	for status := range tree.Pairs(responses) {
		if strings.HasPrefix(status, "2") {
			if found != "" {
				return ""
			}
			found = status
		}
	}
	return found
}

// keepHeaders keeps the headers of a success that only the transcription contains.
func (p *pairing) keepHeaders(ours *yaml.Node, at tree.Path) {
	theirs := tree.Get(p.theirs, at...)
	headers := tree.Get(ours, "headers")
	if headers == nil || theirs == nil || p.soft {
		return
	}
	for name, header := range tree.Pairs(headers) {
		if tree.Get(theirs, "headers", name) != nil {
			continue
		}
		if tree.Get(theirs, "headers") == nil {
			all := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
			for other, each := range tree.Pairs(headers) {
				tree.Set(all, other, p.resolved(each))
			}
			p.keep(Kept{At: append(at[:len(at):len(at)], "headers").String(), Value: all})
			return
		}
		p.keep(Kept{At: slices.Concat(at, tree.Path{"headers", name}).String(), Value: p.resolved(header)})
	}
}

func (p *pairing) keep(k Kept) {
	if !p.transcribed && !p.keptBefore[k.At] {
		return
	}
	if _, known := p.kept[k.At]; !known {
		if k.Value != nil {
			k.Value = withoutComments(k.Value)
		}
		p.kept[k.At] = k
	}
}

func withoutComments(n *yaml.Node) *yaml.Node {
	out := tree.Clone(n)
	var visit func(n *yaml.Node)
	visit = func(n *yaml.Node) {
		n.HeadComment, n.LineComment, n.FootComment = "", "", ""
		for _, child := range n.Content {
			visit(child)
		}
	}
	visit(out)
	return out
}

// walkParameters pairs parameters by their locations and names.
func (p *pairing) walkParameters(ours []*yaml.Node, at tree.Path) {
	for _, parameter := range ours {
		known := p.resolved(parameter)
		if known == nil {
			continue
		}
		theirs, place := p.parameterOf(known, at)
		if theirs == nil {
			continue
		}
		target, targetPlace := tree.Resolve(p.theirs, theirs, place)
		if target == nil {
			continue
		}
		name, outAt := nameOf(parameter), targetPlace
		if name != "" {
			outAt = tree.Path{"components", "parameters", name}
			p.pair(name, theirs, place)
		}
		p.walkSchema(tree.Get(known, "schema"), tree.Get(target, "schema"),
			append(targetPlace[:len(targetPlace):len(targetPlace)], "schema"), append(outAt[:len(outAt):len(outAt)], "schema"))
	}
}

func (p *pairing) parameterOf(ours *yaml.Node, at tree.Path) (*yaml.Node, tree.Path) {
	for _, list := range []tree.Path{slices.Concat(at, tree.Path{"parameters"}), slices.Concat(at[:2], tree.Path{"parameters"})} {
		for i, parameter := range sequence(tree.Get(p.theirs, list...)) {
			target, _ := tree.Resolve(p.theirs, parameter, nil)
			if tree.Text(target, "in") == tree.Text(ours, "in") && tree.Text(target, "name") == tree.Text(ours, "name") {
				return parameter, slices.Concat(list, tree.Path{fmt.Sprint(i)})
			}
		}
	}
	return nil, nil
}

// walkContent pairs the schemas of a request body or an answer by media type.
func (p *pairing) walkContent(ours *yaml.Node, at tree.Path) {
	theirs, at := tree.Resolve(p.theirs, tree.Get(p.theirs, at...), at)
	ourContent, theirContent := tree.Get(ours, "content"), tree.Get(theirs, "content")
	for media, content := range tree.Pairs(ourContent) {
		theirMedia := media
		if tree.Get(theirContent, media) == nil && len(ourContent.Content) == 2 && theirContent != nil && len(theirContent.Content) == 2 {
			theirMedia = theirContent.Content[0].Value
		}
		place := slices.Concat(at, tree.Path{"content", theirMedia, "schema"})
		p.walkSchema(tree.Get(content, "schema"), tree.Get(p.theirs, place...), place, place)
	}
}

// pair records that theirs, which is at a place of the published description,
// corresponds to our component with this name.
func (p *pairing) pair(name string, theirs *yaml.Node, at tree.Path) {
	target := tree.Target(theirs)
	if target == nil {
		switch key := at.String(); {
		case p.soft:
			p.softInline = append(p.softInline, Name{At: key, Name: name})
		case p.inline[key] == "":
			p.inline[key] = name
			p.order = append(p.order, key)
		}
		return
	}
	key := target.String()
	if p.uses[key] == nil {
		p.uses[key] = map[string][]use{}
	}
	p.uses[key][name] = append(p.uses[key][name], use{at: at, soft: p.soft})
}

// nameOf returns the name of the component that a node refers to, or "".
func nameOf(n *yaml.Node) string {
	if target := tree.Target(n); len(target) == 3 && isComponent(target) {
		return target[2]
	}
	return ""
}

// remembered decides on the names and returns what has to be remembered.
func (p *pairing) remembered() *Remembered {
	out := &Remembered{Kept: slices.Collect(maps.Values(p.kept))}
	for at, id := range p.operations {
		out.Names = append(out.Names, Name{At: at, Name: id})
	}
	d := &naming{pairing: p, component: map[string]string{}, places: map[string]string{}, taken: map[string][]string{}}
	d.decide()
	for at, name := range d.component {
		if last := at[strings.LastIndex(at, ".")+1:]; last != name {
			out.Names = append(out.Names, Name{At: at, Name: name})
		}
	}
	for at, name := range d.places {
		out.Names = append(out.Names, Name{At: at, Name: name})
	}
	return out
}

// keepWebhooks keeps the transcribed webhooks if no webhooks are published.
func (p *pairing) keepWebhooks() {
	if tree.Get(p.theirs, "webhooks") != nil {
		return
	}
	for name, item := range tree.Pairs(tree.Get(p.ours, "webhooks")) {
		for _, method := range tree.Methods {
			if operation := tree.Get(item, method); operation != nil {
				p.transcribed = tree.Text(operation, "x-source") == "transcribed"
				p.keep(Kept{At: tree.Path{"webhooks", name}.String(), Value: item})
			}
		}
	}
}

// keepReferenced keeps the components that other kept facts refer to and that are
// not published under any name.
func (p *pairing) keepReferenced(r *Remembered) {
	published := r.Apply(p.theirs)
	for i := 0; i < len(r.Kept); i++ {
		if r.Kept[i].Value == nil {
			continue
		}
		var visit func(n *yaml.Node)
		visit = func(n *yaml.Node) {
			if target := tree.Target(n); target != nil && tree.Get(published, target...) == nil {
				component := tree.Get(p.ours, target...)
				at := target.String()
				known := slices.ContainsFunc(r.Kept, func(k Kept) bool { return k.At == at })
				if component != nil && !known {
					r.Kept = append(r.Kept, Kept{At: at, Value: withoutComments(component)})
				}
			}
			for _, child := range n.Content {
				visit(child)
			}
		}
		visit(r.Kept[i].Value)
	}
}

func sequence(n *yaml.Node) []*yaml.Node {
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	return n.Content
}
