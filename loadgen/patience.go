package loadgen

import (
	"time"

	"brownout/chaos/evidence"
	"brownout/internal/shop"
)

// UsualPatience is that of shoppers who are a part of no drill.
func UsualPatience() evidence.Patience {
	return evidence.Patience{Default: shop.PatienceToLook, Routes: map[string]time.Duration{
		RouteCheckout: shop.PatienceToBuy, RouteRefund: shop.PatienceToBuy,
		RouteStock: shop.PatienceToSurvey, RouteQuote: shop.PatienceToSurvey,
	}}
}
