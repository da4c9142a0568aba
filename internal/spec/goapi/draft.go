package goapi

import (
	"fmt"
	"go/format"
	"go/types"
	"slices"
	"strings"
)

// Operation is what Draft needs in addition to the generated code.
type Operation struct {
	ID          string // operationId
	GoName      string // the name of the generated method
	Method      string // GET
	Path        string // /orders/{id}
	Summary     string
	Description string
	Answers     bool // whether a success has a body
}

// Draft returns a method of cnaught.Client for an operation, in the form of the
// existing methods. It compiles, but a person has to add the checks of the input and
// complete the comment. It returns "" for an operation whose request or answer has no
// Go type.
func Draft(op Operation, api *types.Package) string {
	build, _ := api.Scope().Lookup("New" + op.GoName + "Request").(*types.Func)
	if build == nil {
		return ""
	}
	d := &draft{op: op, api: api, name: MethodName(op.GoName)}
	d.readSignature(build.Signature())
	d.readAnswer()
	if d.answer == "" && op.Answers {
		return ""
	}
	return d.write()
}

// MethodName returns the name of the method for an operation in the style of package
// wrapper. For instance, GetOrderByID becomes GetOrder, and GetListOfOrders becomes
// ListOrders.
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

	arguments []string // parameters of the method after ctx
	ids       []string
	build     []string // arguments of the generated request builder, after the server
	demanding bool     // whether a header or a query parameter is required
	answer    string   // Go type, or "" if there is none
	list      bool     // whether the answer is a JSON array
}

// fromOptions are the parameters that CallOptions set, so methods do not need
// parameters for them.
var fromOptions = []string{"XSubaccountID", "IdempotencyKey"}

func (d *draft) readSignature(sig *types.Signature) {
	for i := 1; i < sig.Params().Len(); i++ { // the first parameter is the server
		p := sig.Params().At(i)
		pointer, isPointer := p.Type().(*types.Pointer)
		if isPointer && p.Name() == "params" {
			d.demanding = hasRequired(pointer.Elem())
			if onlyOptions(pointer.Elem()) {
				d.build = append(d.build, "nil")
				continue
			}
		}
		if types.Identical(types.Unalias(p.Type()), types.Typ[types.String]) && p.Name() != "body" {
			d.ids = append(d.ids, p.Name())
		}
		d.arguments = append(d.arguments, p.Name()+" "+d.typeName(p.Type()))
		d.build = append(d.build, p.Name())
	}
}

// hasRequired reports whether a generated parameter object has a required member.
// Only required members are neither pointers nor slices.
func hasRequired(t types.Type) bool {
	fields, ok := t.Underlying().(*types.Struct)
	if !ok {
		return false
	}
	for i := range fields.NumFields() {
		if !strings.Contains(fields.Tag(i), ",omitempty") {
			return true
		}
	}
	return false
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

// readAnswer finds the type into which a success is decoded, which is that of the
// first JSON member for a 2xx in the generated response.
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
	fmt.Fprintf(&b, "call := c.newCall(ctx, %q, opts)\n", d.name)
	for _, id := range d.ids {
		fmt.Fprintf(&b, "call.id(%sOf%s, %s)\n", id, d.op.GoName, id)
	}
	fmt.Fprintf(&b, "call.build(api.New%sRequest(%s))\n", d.op.GoName, strings.Join(append([]string{"c.server"}, d.build...), ", "))
	operation := "op" + d.op.GoName
	if d.demanding {
		operation += ".complete()"
	}
	switch {
	case d.answer == "":
		fmt.Fprintf(&b, "_, err := do(call, %s)\nreturn err\n", operation)
	case d.list:
		fmt.Fprintf(&b, "list, err := do(call, %s)\nreturn Value(list), err\n", operation)
	default:
		fmt.Fprintf(&b, "return do(call, %s)\n", operation)
	}
	b.WriteString("}\n")
	formatted, err := format.Source([]byte(b.String()))
	if err != nil {
		return b.String()
	}
	return string(formatted)
}

// comment writes the doc comment, which uses the vendor's text.
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
