#pragma once

#include "dpml/accounting/event.h"

namespace dpml {

/// Renyi divergence of order `order` between what an event releases on neighbouring datasets: the larger direction,
/// rounded up by at most 1e-10 relative; in nats.
///
/// Gaussian (noise multiplier s, distance d = 1, or 2 under replace_one), Mironov 2017, Proposition 7:
///   D(a) = a d^2 / (2 s^2).
/// PoissonSampled Gaussian (sampling rate q), Mironov, Talwar and Zhang 2019: the larger direction is mixture over
/// plain, so with z ~ N(0, s^2) and x = q (exp((2 z - 1) / (2 s^2)) - 1), whose mean is 0,
///   D(a) = log(1 + E[(1 + x)^a - 1 - a x]) / (a - 1).
/// Sampling twice is sampling once with the product of the rates.
///
/// `order` is finite and > 1, else ConfigError. UnsupportedEvent for Poisson sampling with a rate below 1 under
/// replace_one. +infinity for NonPrivate and for noise multiplier 0.
double renyi_divergence(const Event& event, Neighbours neighbours, double order);

}  // namespace dpml
