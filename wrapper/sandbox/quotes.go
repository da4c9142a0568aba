package sandbox

import (
	"math/big"
	"net/http"

	"github.com/cnaught-go/cnaught/api"
)

// Emission factors. Those of the school bus, the car, the train and the office
// give the values seen live; of the others it is known only that the live
// value lies within the bounds named here.
const (
	perKmCar       = "0.24114" // kg per km
	perKmSmallBus  = "0.45"    // kg per km; not known
	perKmSchoolBus = "0.745"   // kg per km
	perKmCoach     = "1.1"     // kg per km; not known
	perKmTrain     = "0.038"   // kg per km
	perKmFlight    = "0.095"   // kg per km; over 0.09, up to 0.1
	perSquareFoot  = "8.6"     // kg per square foot
	perKgKmGround  = "0.000135"
	perKgKmAir     = "0.0015" // kg per kg and km; over 0.001, up to 0.002
)

// quoteJSON is a quote as clients see it.
type quoteJSON struct {
	AmountKg      int64        `json:"amount_kg"`
	PriceUSDCents api.USDCents `json:"price_usd_cents"`
}

// quote answers a quote for what measure reads: whole kilograms, rounded up.
func (op operations) quote(w http.ResponseWriter, r *http.Request, subaccount *string, measure func(*fields) int64) {
	op.respond(w, r, scope{subaccount: subaccount}, func(tx *tx) *answer {
		f, refusal := readFields(r)
		if refusal != nil {
			return refusal
		}
		portfolio := f.portfolio(tx, subaccount)
		price := portfolio.apiPrice
		if f.oneOf("source", "api", "checkout") == "checkout" {
			price = portfolio.checkoutPrice
		}
		kg := measure(f)
		cents := f.priceOf("body", newDecimal(float64(kg)), price)
		if refusal := f.refusal(); refusal != nil {
			return refusal
		}
		return jsonAnswer(http.StatusOK, quoteJSON{kg, cents})
	})
}

// emissions is what a measure emits by a factor, in whole kilograms, rounded
// up.
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

// measured reads one measure that may be 0.
func measured(name, factor string) func(*fields) int64 {
	return func(f *fields) int64 { return f.emissions(name, f.notNegative(name), factor) }
}

// carried reads goods and how far they go.
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
