package shop

import "time"

// How long customers wait for an answer that is of use to them, unless a drill says otherwise. A
// service may take longer, and be of no use.
const (
	PatienceToLook   = time.Second     // of those who look at something, log in or out
	PatienceToBuy    = 2 * time.Second // of those who order something, or regret it
	PatienceToSurvey = 5 * time.Second // of those who ask for what takes many calls
)
