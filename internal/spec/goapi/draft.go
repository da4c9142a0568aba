package goapi

import (
	"fmt"
	"go/format"
	"go/types"
	"slices"
	"strings"
)

// Operation is what a draft needs to know beyond the generated code.
type Operation struct {
	ID          string // operationId
	GoName      string // of the generated method
	Method      string // GET
	Path        string // /orders/{id}
	Summary     string
	Description string
	Answers     bool // a success has a body
}

// Draft drafts the method of cnaught.Client for an operation, in the form
// of the methods that are there. It compiles; what to check before the request
// is sent, and the words, are left to a person. It returns "" for an operation
// whose request or answer Go cannot model.
func Draft(op Operation, api *types.Package) string {
	sent := generatedMethod(api, op.GoName)
	if sent == nil {
		return ""
	}
	d := &draft{op: op, api: api, name: MethodName(op.GoName)}
	d.readSignature(sent.Signature())
	d.readAnswer()
	if d.answer == "" && op.Answers {
		return ""
	}
	return d.write()
}

func generatedMethod(api *types.Package, name string) *types.Func {
	client := api.Scope().Lookup("Client")
	if client == nil {
		return nil
	}
	method, _, _ := types.LookupFieldOrMethod(types.NewPointer(client.Type()), false, api, name)
	found, _ := method.(*types.Func)
	return found
}

// MethodName follows the names in package wrapper: GetOrderByID is GetOrder,
// GetListOfOrders is ListOrders.
func MethodName(name string) string {
	if list, ok := strings.CutPrefix(name, "GetListOf"); ok {
		return "List" + list
	}
	return strings.TrimSuffix(name, "ByID")
}

// draft collects the parts of a method.
type draft struct {
	op   Operation
	api  *types.Package
	name string

	arguments []string // of the method, after ctx
	ids       []string
	call      []string // arguments of the generated method, after ctx
	answer    string   // Go type, "" where there is none
	list      bool     // the answer is a JSON array
}

// fromOptions are the parameters that CallOptions set, so that a method does
// not have to take them.
var fromOptions = []string{"XSubaccountID", "IdempotencyKey"}

func (d *draft) readSignature(sig *types.Signature) {
	for i := 1; i < sig.Params().Len()-1; i++ { // without ctx and the request editors
		p := sig.Params().At(i)
		pointer, isPointer := p.Type().(*types.Pointer)
		switch {
		case isPointer && onlyOptions(pointer.Elem()):
			d.call = append(d.call, "nil")
			continue
		case types.Identical(types.Unalias(p.Type()), types.Typ[types.String]) && p.Name() != "body":
			d.ids = append(d.ids, p.Name())
		}
		d.arguments = append(d.arguments, p.Name()+" "+d.typeName(p.Type()))
		d.call = append(d.call, p.Name())
	}
}

func onlyOptions(t types.Type) bool {
	fields, ok := t.Underlying().(*types.Struct)
	if !ok {
		return false
	}
	for i := range fields.NumFields() {
		if !slices.Contains(fromOptions, fields.Field(i).Name()) {
			return false
		}
	}
	return true
}

func (d *draft) typeName(t types.Type) string {
	if alias, ok := t.(*types.Alias); ok && alias.Obj().Pkg() == d.api {
		if named, ok := types.Unalias(t).(*types.Named); ok {
			t = named
		}
	}
	return types.TypeString(t, func(p *types.Package) string { return p.Name() })
}

// readAnswer finds the type that a success is decoded into: the first JSON
// member of the generated response for a 2xx.
func (d *draft) readAnswer() {
	object := d.api.Scope().Lookup(d.op.GoName + "Response")
	if object == nil {
		return
	}
	fields, ok := object.Type().Underlying().(*types.Struct)
	if !ok {
		return
	}
	for i := range fields.NumFields() {
		pointer, ok := fields.Field(i).Type().(*types.Pointer)
		if !ok || !strings.HasPrefix(fields.Field(i).Name(), "JSON2") {
			continue
		}
		d.answer = d.typeName(pointer.Elem())
		_, d.list = pointer.Elem().Underlying().(*types.Slice)
		return
	}
}

func (d *draft) write() string {
	var b strings.Builder
	d.comment(&b)
	arguments := strings.Join(append(append([]string{"ctx context.Context"}, d.arguments...), "opts ...CallOption"), ", ")
	results := "error"
	switch {
	case d.list:
		results = "(" + d.answer + ", error)"
	case d.answer != "":
		results = "(*" + d.answer + ", error)"
	}
	fmt.Fprintf(&b, "func (c *Client) %s(%s) %s {\n", d.name, arguments, results)
	operation := fmt.Sprintf("%q", d.op.ID)
	if len(d.ids) > 0 {
		fmt.Fprintf(&b, "in := input{op: %s}\n", operation)
		for _, id := range d.ids {
			fmt.Fprintf(&b, "in.id(%q, %s)\n", id, id)
		}
		fmt.Fprintf(&b, "if in.err != nil {\nreturn %s\n}\n", d.failure("in.err"))
		operation = "in.op"
	}
	send := fmt.Sprintf("func(ctx context.Context) (*http.Response, error) {\nreturn c.ops.%s(%s)\n}",
		d.op.GoName, strings.Join(append([]string{"ctx"}, d.call...), ", "))
	switch {
	case d.answer == "":
		fmt.Fprintf(&b, "_, err := c.exec(ctx, %s, opts, %s)\nreturn err\n", operation, send)
	case d.list:
		fmt.Fprintf(&b, "list, err := do[%s](ctx, c, %s, opts, %s)\nreturn Value(list), err\n", d.answer, operation, send)
	default:
		fmt.Fprintf(&b, "return do[%s](ctx, c, %s, opts, %s)\n", d.answer, operation, send)
	}
	b.WriteString("}\n")
	formatted, err := format.Source([]byte(b.String()))
	if err != nil {
		return b.String()
	}
	return string(formatted)
}

func (d *draft) failure(err string) string {
	if d.answer == "" {
		return err
	}
	return "nil, " + err
}

// comment writes the doc comment from the vendor's words.
func (d *draft) comment(b *strings.Builder) {
	text := strings.Join(strings.Fields(d.op.Description), " ")
	if text == "" {
		text = d.op.Summary
	}
	if text == "" {
		text = "sends " + d.op.Method + " " + d.op.Path + "."
	} else {
		text = "is " + d.op.Method + " " + d.op.Path + ": " + text
	}
	line := "//"
	for word := range strings.FieldsSeq(d.name + " " + text) {
		if len(line)+1+len(word) > 80 {
			b.WriteString(line + "\n")
			line = "//"
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
}
