package pages

import (
	"net/http"
	"strconv"

	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/certificate"
)

// Impact is the content of the hosted impact page.
type Impact struct {
	Name     string
	TotalKg  float64
	Projects []certificate.Share

	Cars, Homes, Flights, Trees float64 // the equivalents of TotalKg
}

// certificatePage is the public certificate of an order.
type certificatePage struct {
	frame
	certificate.Certificate
	PlacedOn moment
	PDFPath  string
}

// impactPage is the hosted impact page of the account or of a subaccount.
type impactPage struct {
	frame
	Impact
}

// CertificatePath returns the path of an order's certificate below the base URL.
func CertificatePath(orderID string) string { return "/certificates/" + orderID }

// CertificatePDFPath returns the path of the same certificate as a PDF file.
func CertificatePDFPath(orderID string) string { return CertificatePath(orderID) + "/pdf" }

// ImpactPath returns the path of the hosted impact page below the base URL.
func ImpactPath(subaccount *string) string {
	if subaccount == nil {
		return "/impact"
	}
	return "/impact/" + *subaccount
}

func (s *Site) showCertificate(w http.ResponseWriter, r *http.Request) {
	c := s.Certificate(r.PathValue("id"))
	if c == nil {
		s.showMessage(w, http.StatusNotFound, "There is no such certificate", "The order does not exist, or it was cancelled.")
		return
	}
	show(w, http.StatusOK, "certificate.html", certificatePage{
		frame: s.frame("Certificate - CNaught sandbox"), Certificate: *c,
		PlacedOn: newMoment(c.CreatedOn), PDFPath: s.root() + CertificatePDFPath(c.OrderID),
	})
}

func (s *Site) serveCertificatePDF(w http.ResponseWriter, r *http.Request) {
	c := s.Certificate(r.PathValue("id"))
	if c == nil {
		s.notFound(w, r)
		return
	}
	pdf := c.PDF()
	h := w.Header()
	h.Set("Content-Type", "application/pdf")
	h.Set("Content-Length", strconv.Itoa(len(pdf)))
	h.Set("Content-Disposition", `inline; filename="certificate-`+c.OrderNumber+`.pdf"`)
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(pdf) // If this fails, the client has disconnected.
}

func (s *Site) showImpact(w http.ResponseWriter, r *http.Request) {
	var subaccount *string
	if id := r.PathValue("subaccount"); id != "" {
		subaccount = &id
	}
	impact := s.Impact(subaccount)
	if impact == nil {
		s.showMessage(w, http.StatusNotFound, "This page does not exist", "There is no subaccount with this id.")
		return
	}
	show(w, http.StatusOK, "impact.html", impactPage{s.frame("Climate impact - CNaught sandbox"), *impact})
}
