// Package spec updates the repository to a new description of the API. [Run] calls
// these packages in this order:
//
//	source        reads a file, a page or a folder of pages, as OpenAPI 3.1
//	upgrade       converts OpenAPI 3.0 for source
//	merge         replaces the parts of our description that were read
//	tree          formats the result in a stable form, so that its diff is short
//	apichange     lists the changes, and which of them break callers of the API
//	overlaycheck  finds the actions of api/overlay.yaml that no longer fit
//	spec          generates the code and type-checks everything in a copy
//	goapi         lists the changed Go symbols and drafts missing methods
//	report        writes the report for a person
//	spec          builds the copy and replaces all files, or none
//
// The tests of package contract check that the repository agrees with the
// description. The command is cmd/update-spec.
package spec
