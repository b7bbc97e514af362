package inventory

import (
	"fmt"
	"slices"

	"brownout/internal/loop"
	"brownout/internal/shop"
)

// seedBatch bounds the products that a store is given at once.
const seedBatch = 100

// Seed gives a store the products that it does not have yet, each with as many pieces
// as it says are available. It may be done again.
func Seed(t *loop.Task, s Store, products []shop.Product) error {
	for i, p := range products {
		if err := checkProduct(fmt.Sprintf("/%d", i), p); err != nil {
			return err
		}
	}
	for batch := range slices.Chunk(products, seedBatch) {
		if err := s.Seed(t, batch); err != nil {
			return fmt.Errorf("seeding the products: %w", err)
		}
	}
	return nil
}

func checkProduct(pointer string, p shop.Product) error {
	if err := shop.CheckName(pointer+"/id", p.ID); err != nil {
		return err
	}
	if err := p.Price.Check(pointer + "/price"); err != nil {
		return err
	}
	switch {
	case p.Currency != shop.Currency:
		return shop.Invalid(pointer+"/currency", "must be "+shop.Currency)
	case p.Available < 0:
		return shop.Invalid(pointer+"/available", "must not be negative")
	}
	return nil
}

// CatalogueStock is how many pieces of each product of a [Catalogue] there are.
const CatalogueStock shop.Quantity = 1_000_000

// Catalogue returns n products, always the same ones, at 1.99 to 199.99 euros.
func Catalogue(n int) []shop.Product {
	colours := []string{"Amber", "Blue", "Crimson", "Dusky", "Emerald", "Flaxen", "Grey", "Hazel", "Indigo", "Jade"}
	things := []string{"Kettle", "Lamp", "Mug", "Notebook", "Oven Glove", "Pan", "Quilt", "Rug", "Stool", "Teapot",
		"Umbrella", "Vase", "Whisk", "Apron", "Basket", "Candle", "Desk", "Easel", "Frame", "Globe"}
	products := make([]shop.Product, n)
	for i := range products {
		products[i] = shop.Product{
			ID:        fmt.Sprintf("p%04d", i),
			Name:      colours[i%len(colours)] + " " + things[i/len(colours)%len(things)],
			Price:     shop.Amount(100*(1+i*37%199) + 99), // 37 and 199 have no common divisor: every euro comes once
			Currency:  shop.Currency,
			Available: CatalogueStock,
		}
	}
	return products
}
