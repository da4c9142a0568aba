package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

// booking is one passenger's flight.
type booking struct {
	Number     string
	BookedOn   time.Time
	Flight     string
	DistanceKm float64
}

// readBookings reads a CSV file with a header and the columns number, date,
// flight and distance in kilometers.
func readBookings(path string) ([]booking, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	r := csv.NewReader(file)
	r.FieldsPerRecord = 4
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var bookings []booking
	for i, row := range rows[min(1, len(rows)):] {
		b, err := parseBooking(row)
		if err != nil {
			return nil, fmt.Errorf("%s: booking %d: %w", path, i+1, err)
		}
		bookings = append(bookings, b)
	}
	return bookings, nil
}

func parseBooking(row []string) (booking, error) {
	b := booking{Number: row[0], Flight: row[2]}
	if b.Number == "" {
		return b, errors.New("it has no number")
	}
	var err error
	if b.BookedOn, err = time.Parse(time.DateOnly, row[1]); err != nil {
		return b, err
	}
	b.DistanceKm, err = strconv.ParseFloat(row[3], 64)
	return b, err
}

// earliest returns a time before which none of the bookings can have an order: the
// day before the first one, since dates have no time zone.
func earliest(bookings []booking) time.Time {
	var first time.Time
	for _, b := range bookings {
		if first.IsZero() || b.BookedOn.Before(first) {
			first = b.BookedOn
		}
	}
	return first.AddDate(0, 0, -1)
}
