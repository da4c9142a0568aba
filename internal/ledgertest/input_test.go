package ledgertest

import (
	"database/sql"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/ledger"
)

func TestBadInputIsRefusedBeforeAnythingIsWritten(t *testing.T) {
	w := newWorld(t, quick())
	long := kg(1)
	long.Metadata = strings.Repeat("x", 512-37)
	both := kg(1)
	both.TotalPriceUSDCents = 1
	text := kg(1)
	text.Description = strings.Repeat("x", 513)
	broken := kg(1)
	broken.Metadata = "\xff"
	for name, test := range map[string]struct {
		ref   string
		order api.OrderCreate
		opts  []ledger.RecordOption
		field string
	}{
		"empty ref":                             {"", kg(1), nil, "ref"},
		"ref of 256 characters":                 {strings.Repeat("ü", 256), kg(1), nil, "ref"},
		"ref with a NUL":                        {"a\x00b", kg(1), nil, "ref"},
		"ref that is no UTF-8":                  {"\xff", kg(1), nil, "ref"},
		"no amount":                             {"r", api.OrderCreate{}, nil, "amount_kg or total_price_usd_cents"},
		"both amounts":                          {"r", both, nil, "amount_kg and total_price_usd_cents"},
		"negative amount":                       {"r", kg(-1), nil, "amount_kg"},
		"amount that is not a number":           {"r", kg(math.NaN()), nil, "amount_kg"},
		"infinite amount":                       {"r", kg(math.Inf(1)), nil, "amount_kg"},
		"text that leaves no room for the mark": {"r", long, nil, "metadata"},
		"metadata that is no UTF-8":             {"r", broken, nil, "metadata"},
		"description":                           {"r", text, nil, "description"},
		"empty subaccount":                      {"r", kg(1), []ledger.RecordOption{ledger.ForSubaccount("")}, "subaccount"},
		"subaccount that no header can carry":   {"r", kg(1), []ledger.RecordOption{ledger.ForSubaccount("a\nb")}, "subaccount"},
	} {
		_, err := w.Buy(w.ctx, test.ref, test.order, test.opts...)
		for _, err := range []error{err, w.Record(w.ctx, w.db, test.ref, test.order, test.opts...)} {
			var invalid *cnaught.InvalidRequestError
			if assert.ErrorAs(t, err, &invalid, name) {
				assert.True(t, strings.HasPrefix(invalid.Field, test.field), "%s: %s", name, invalid.Field)
				assert.Contains(t, err.Error(), "cnaught: ledger.")
			}
		}
	}
	assert.ErrorIs(t, w.Record(w.ctx, nil, "r", kg(1)), cnaught.ErrInvalidRequest)
	assert.ErrorIs(t, w.Record(w.ctx, (*sql.Tx)(nil), "r", kg(1)), cnaught.ErrInvalidRequest)
	assert.ErrorIs(t, w.Withdraw(w.ctx, nil, "r"), cnaught.ErrInvalidRequest)
	assert.ErrorIs(t, w.Withdraw(w.ctx, w.db, ""), cnaught.ErrInvalidRequest)
	assert.ErrorIs(t, w.Observe(w.ctx, nil), cnaught.ErrInvalidRequest)
	assert.ErrorIs(t, w.Observe(w.ctx, new(api.Order)), cnaught.ErrInvalidRequest)
	assert.ErrorIs(t, w.Resolve(w.ctx, "r", ledger.Decision{}), cnaught.ErrInvalidRequest)
	assert.ErrorIs(t, w.Resolve(w.ctx, "", ledger.Retry()), cnaught.ErrInvalidRequest)
	_, err := w.Settle(w.ctx, "")
	assert.ErrorIs(t, err, cnaught.ErrInvalidRequest)
	_, err = w.Settle(w.ctx, "unknown")
	assert.ErrorIs(t, err, ledger.ErrNotRecorded)
	assert.Zero(t, w.rows("cnaught_purchases"))
	assert.Empty(t, w.api.log())
}

func TestNewRefusesBadOptions(t *testing.T) {
	w := newWorld(t, quick())
	for name, o := range map[string]ledger.Options{
		"namespace with a bracket":      {Namespace: "a]b"},
		"long namespace":                {Namespace: strings.Repeat("a", 33)},
		"negative TrustKey":             {TrustKey: -time.Second},
		"CallTimeout that is too short": {CallTimeout: time.Microsecond},
		"negative number of workers":    {Workers: -1},
	} {
		_, err := ledger.New(w.db, w.client, o)
		assert.ErrorIs(t, err, cnaught.ErrInvalidRequest, name)
	}
	_, err := ledger.New(nil, w.client, quick())
	assert.ErrorIs(t, err, cnaught.ErrInvalidRequest)
	_, err = ledger.New(w.db, nil, quick())
	assert.ErrorIs(t, err, cnaught.ErrInvalidRequest)
}

func TestMissingTable(t *testing.T) {
	w := newWorld(t, quick())
	_, err := w.db.Exec(`DROP TABLE cnaught_purchases`)
	require.NoError(t, err)
	_, err = ledger.New(w.db, w.client, quick())
	assert.ErrorIs(t, err, ledger.ErrSchema)
	assert.ErrorContains(t, err, "run ledger.Schema in a migration")
	_, err = w.Buy(w.ctx, "r", kg(1))
	assert.ErrorIs(t, err, ledger.ErrDatabase)
	_, err = w.db.Exec(`CREATE TABLE cnaught_purchases (ref text)`)
	require.NoError(t, err)
	_, err = ledger.New(w.db, w.client, quick())
	assert.ErrorIs(t, err, ledger.ErrSchema)
	assert.Empty(t, w.api.log())
}

func TestNothingIsSentWithoutADatabase(t *testing.T) {
	w := newWorld(t, quick())
	w.record("r")
	w.db.Close()
	_, err := ledger.New(w.db, w.client, quick())
	assert.ErrorIs(t, err, ledger.ErrDatabase)
	_, err = w.Buy(w.ctx, "r2", kg(1))
	assert.ErrorIs(t, err, ledger.ErrDatabase)
	_, err = w.Settle(w.ctx, "r")
	assert.ErrorIs(t, err, ledger.ErrDatabase)
	_, err = w.Get(w.ctx, "r")
	assert.ErrorIs(t, err, ledger.ErrDatabase)
	assert.ErrorIs(t, w.Record(w.ctx, w.db, "r2", kg(1)), ledger.ErrDatabase)
	assert.ErrorIs(t, w.Withdraw(w.ctx, w.db, "r2"), ledger.ErrDatabase)
	_, err = w.Reconcile(w.ctx, time.Now())
	assert.ErrorIs(t, err, ledger.ErrDatabase)
	for _, err := range w.Purchases(w.ctx, ledger.Filter{}) {
		assert.ErrorIs(t, err, ledger.ErrDatabase)
	}
	assert.Empty(t, w.api.log())
}

func TestSchemaCanRunAgain(t *testing.T) {
	w := newWorld(t, quick())
	w.buy("r")
	_, err := w.db.Exec(ledger.Schema)
	require.NoError(t, err)
	assert.Equal(t, ledger.Bought, w.get("r").State)
}
