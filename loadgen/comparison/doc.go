// Package comparison puts the results of two loads side by side, and says which differences are more
// than chance.
//
// # What it says of a quantile
//
// Of each result the histogram is known, and so between which two latencies the true quantile lies: the
// values at two ranks, which the binomial distribution gives, whatever the distribution of the latencies.
// The interval of a difference holds what all pairs of values from both intervals differ by. Each of the two
// is missed with a probability of half a percent at most, so that of the difference holds with 99 %, or more. If nought is
// outside of it, the second is slower, or faster; else this cannot tell. Where so few were sent that there is no such
// rank, as for the p99.9 of a hundred, it cannot tell either. Shares of errors have Wilson's interval, and the
// same rule.
//
// # What it does not say
//
// The intervals take requests as independent of each other. They are not quite: what stalls a server makes
// many of them slow. And a machine is not the same twice. Two runs of the same thing may well differ by
// more than their intervals; several of each say more than one, as brownout bench has them.
package comparison
