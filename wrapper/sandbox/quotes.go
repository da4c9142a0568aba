package sandbox

import (
	"math/big"
	"net/http"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/books"
)

// Emission factors. Those of the school bus, the car, the train and the office give
// the values that were observed.
const (
	perKmCar       = "0.24114"  // kg per km
	perKmSmallBus  = "0.45"     // kg per km, invented
	perKmSchoolBus = "0.745"    // kg per km
	perKmCoach     = "1.1"      // kg per km, invented
	perKmTrain     = "0.038"    // kg per km
	perKmFlight    = "0.095"    // kg per km, observed to be over 0.09 and at most 0.1
	perSquareFoot  = "8.6"      // kg per square foot
	perKgKmGround  = "0.000135" // kg per kg and km, observed to be over 0.00013 and at most 0.00014
	perKgKmAir     = "0.0015"   // kg per kg and km, observed to be over 0.001 and at most 0.002
)

// quoteJSON is the JSON form of a quote.
type quoteJSON struct {
	AmountKg      int64        `json:"amount_kg"`
	PriceUSDCents api.USDCents `json:"price_usd_cents"`
}

// quote answers a request for a quote. The function measure reads the request's
// members and returns the emissions in whole kilograms.
func (op operations) quote(w http.ResponseWriter, r *http.Request, subaccount *string, measure func(*fields) int64) {
	op.respond(w, r, scope{subaccount: subaccount}, func(tx *books.Tx) *answer {
		f, refusal := readFields(r)
		if refusal != nil {
			return refusal
		}
		portfolio := f.portfolio(op.s.catalog, tx, subaccount)
		price := portfolio.apiPrice(tx)
		if f.oneOf("source", "api", "checkout") == "checkout" {
			price = portfolio.checkoutPrice(tx)
		}
		kg := measure(f)
		cents := f.priceOf("body", newDecimal(float64(kg)), price)
		if refusal := f.refusal(); refusal != nil {
			return refusal
		}
		return jsonAnswer(http.StatusOK, quoteJSON{kg, cents})
	})
}

// emissions multiplies a measure by a factor and rounds up to whole kilograms. If the
// result is too large, it refuses the member with this name.
func (f *fields) emissions(name string, measure decimal, factor string) int64 {
	if measure.exact == nil {
		return 0
	}
	kg, ok := ceil(measure.times(mustRat(factor)))
	if !ok {
		f.refuse(name, "is too large")
		return 0
	}
	return kg
}

// measured returns a function for quote that reads one measure, which may be 0.
func measured(name, factor string) func(*fields) int64 {
	return func(f *fields) int64 { return f.emissions(name, f.notNegative(name), factor) }
}

// carried returns a function for quote that reads the mass of freight and its
// distance.
func carried(factor string) func(*fields) int64 {
	return func(f *fields) int64 {
		mass, distance := f.notNegative("freight_mass_kg"), f.notNegative("distance_km")
		if mass.exact == nil || distance.exact == nil {
			return 0
		}
		product := new(big.Rat).Mul(mass.exact, distance.exact)
		return f.emissions("freight_mass_kg", decimal{exact: product}, factor)
	}
}

// driven reads the type of a vehicle and its distance. It is a function for quote.
func driven(f *fields) int64 {
	factors := map[string]string{
		"passenger_car_van_or_suv": perKmCar, "small_bus": perKmSmallBus,
		"school_bus": perKmSchoolBus, "coach_bus": perKmCoach,
	}
	distance := f.notNegative("distance_km")
	if !f.require("vehicle_type") {
		return 0
	}
	vehicle := f.oneOf("vehicle_type", "passenger_car_van_or_suv", "small_bus", "school_bus", "coach_bus")
	factor, ok := factors[vehicle]
	if !ok {
		return 0
	}
	return f.emissions("distance_km", distance, factor)
}

// RequestQuote answers POST /quotes.
func (op operations) RequestQuote(w http.ResponseWriter, r *http.Request, p api.RequestQuoteParams) {
	op.quote(w, r, p.XSubaccountID, measured("amount_kg", "1"))
}

// RequestAirFreightQuote answers POST /quotes/air-freight.
func (op operations) RequestAirFreightQuote(w http.ResponseWriter, r *http.Request, p api.RequestAirFreightQuoteParams) {
	op.quote(w, r, p.XSubaccountID, carried(perKgKmAir))
}

// RequestFlightQuote answers POST /quotes/flight.
func (op operations) RequestFlightQuote(w http.ResponseWriter, r *http.Request, p api.RequestFlightQuoteParams) {
	op.quote(w, r, p.XSubaccountID, measured("distance_km", perKmFlight))
}

// RequestGroundFreightQuote answers POST /quotes/ground-freight.
func (op operations) RequestGroundFreightQuote(w http.ResponseWriter, r *http.Request, p api.RequestGroundFreightQuoteParams) {
	op.quote(w, r, p.XSubaccountID, carried(perKgKmGround))
}

// RequestGroundTransportQuote answers POST /quotes/ground-transport.
func (op operations) RequestGroundTransportQuote(w http.ResponseWriter, r *http.Request, p api.RequestGroundTransportQuoteParams) {
	op.quote(w, r, p.XSubaccountID, driven)
}

// RequestOfficeSpaceQuote answers POST /quotes/office-space.
func (op operations) RequestOfficeSpaceQuote(w http.ResponseWriter, r *http.Request, p api.RequestOfficeSpaceQuoteParams) {
	op.quote(w, r, p.XSubaccountID, measured("square_footage", perSquareFoot))
}

// RequestTrainQuote answers POST /quotes/train.
func (op operations) RequestTrainQuote(w http.ResponseWriter, r *http.Request, p api.RequestTrainQuoteParams) {
	op.quote(w, r, p.XSubaccountID, measured("distance_km", perKmTrain))
}

// RequestRideQuote answers POST /quotes/ride (deprecated).
func (op operations) RequestRideQuote(w http.ResponseWriter, r *http.Request, p api.RequestRideQuoteParams) {
	op.quote(w, r, p.XSubaccountID, measured("distance_km", perKmCar))
}
