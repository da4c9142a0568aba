package merge

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// Pair holds a published description against ours, by path, method, status,
// media type and member, and returns what has to be remembered so that the
// names that Go callers know survive. What it cannot know for sure it does not
// guess: unsure names those places, for a person to add to RememberedFile.
//
// whole says that theirs is a complete description, so that what it leaves out
// is not published anywhere.
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
	// What a published operation says of a schema is no guess, whatever a
	// transcribed one that uses it too says: those come first.
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

// use is one place of theirs at which a component of theirs stands where ours
// has a component.
type use struct {
	at tree.Path
	// soft: in an error, whose schema no Go code depends on.
	soft bool
}

type pairing struct {
	ours, theirs *yaml.Node
	seen         map[string]bool
	uses         map[string]map[string][]use // place of their component -> our name -> where
	inline       map[string]string           // their place -> our name
	order        []string                    // of the places in inline
	softInline   []Name
	operations   map[string]string // their place -> our operationId
	forced       map[string]string // what was remembered and still has a place
	kept         map[string]Kept
	keptBefore   map[string]bool
	unsure       []string

	transcribed, soft bool // of the operation that is being walked
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

// isTranscribed reports whether ours of an operation was transcribed and theirs
// is not a copy of it.
func isTranscribed(ours, theirs *yaml.Node) bool {
	return tree.Text(ours, "x-source") == "transcribed" && tree.Text(theirs, "x-source") != "transcribed"
}

// pathOf is their form of one of our paths, which may call its parameters
// otherwise.
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

// webhookOf is their name of one of our webhooks: the same, or that of the only
// one.
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

// keepHeaders keeps the headers of a success that only the transcription knows.
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

// walkParameters pairs parameters by where they are sent and their names.
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

// walkContent pairs the schemas of a body or an answer by media type.
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

// pair notes that theirs, which stands at a place, is our component of that
// name.
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

// nameOf is the component that a node refers to.
func nameOf(n *yaml.Node) string {
	if target := tree.Target(n); len(target) == 3 && isComponent(target) {
		return target[2]
	}
	return ""
}

// remembered decides the names from what was found.
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

// keepWebhooks keeps what was transcribed of the webhooks where nothing is
// published of any.
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

// keepReferenced keeps the components that what is kept refers to and that
// theirs has under no name.
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
