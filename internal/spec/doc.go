// Package spec takes a new description of the API into the repository. An
// update is a pipeline, run from top to bottom by [Run]:
//
//	source        reads a file, a page or a folder of pages as OpenAPI 3.1
//	merge         puts what was read in the place of what the repository has
//	tree          writes the result in one stable form, so that its diff is short
//	apichange     lists what changed, and whether it breaks callers of the API
//	overlaycheck  says which actions of api/overlay.yaml still fit
//	spec          generates the code and type-checks everything in a copy
//	goapi         lists the Go symbols that changed, and drafts missing methods
//	report        writes all of that down for a person
//	spec          builds the copy and replaces the files, all of them or none
//
// Package contract holds the repository against the description after that.
// The command is cmd/update-spec.
package spec
