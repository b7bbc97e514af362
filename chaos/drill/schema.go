package drill

import (
	"encoding/json"
)

// Schema returns the JSON Schema (2020-12) of a drill's file, made of what the parser reads by.
// What only holds for the file as a whole, such as that a name exists or that times fit, is not
// in it.
func Schema() ([]byte, error) {
	s := new(Plan).shape().schema()
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "A drill of Brownout"
	s["description"] = "One incident: load, faults on a timeline, two arms, and what each must show."
	text, err := json.MarshalIndent(s, "", "  ")
	return append(text, '\n'), err
}
