package cnaught

// Subaccount returns the subaccount of [WithSubaccount], empty without one.
func (c *Client) Subaccount() string { return c.subaccount }
