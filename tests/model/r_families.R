# What lme4's compiled families and R's densities say, for tests/model/test_families.py.
# Run in this folder: Rscript r_families.R > r_families.json  (R 4.2.2, lme4 1.1-31, MASS, jsonlite)
suppressMessages({library(lme4); library(MASS); library(jsonlite)})
glm_family <- lme4:::glmFamily
eta <- c(-800, -40, -36.5, -33, -8.5, -1.2, -1e-3, 1e-17, 0.3, 2.5, 8.5, 33, 36.5, 40, 800)
positive <- eta[eta > 1e-10]
bounded <- function(name, make, at) {
  f <- glm_family$new(family = make(name))
  list(eta = at, inverse = f$linkInv(at), slope = f$muEta(at))
}
links <- list(
  logit = bounded("logit", binomial, eta), probit = bounded("probit", binomial, eta),
  cauchit = bounded("cauchit", binomial, eta), cloglog = bounded("cloglog", binomial, eta),
  log = bounded("log", poisson, eta), identity = bounded("identity", poisson, eta),
  sqrt = bounded("sqrt", poisson, eta), inverse = bounded("inverse", Gamma, eta),
  "1/mu^2" = bounded("1/mu^2", inverse.gaussian, positive))

one <- function(name, family, y, mu, w = rep(1, length(y)), trials = NULL) {
  f <- glm_family$new(family = family)
  dev <- f$devResid(y, mu, w)
  n <- if (is.null(trials)) rep(1, length(y)) else trials
  nobs <- length(y); weights <- w; etastart <- NULL; start <- NULL; mustart <- NULL
  if (is.null(trials)) eval(family$initialize) else mustart <- (trials * y + .5) / (trials + 1)
  list(id = name, family = sub("^Negative Binomial.*", "negative.binomial", family$family),
       theta = if (grepl("^Negative", family$family)) f$theta() else NULL,
       y = y, mu = mu, weights = w, trials = trials, deviance = dev, variance = f$variance(mu),
       criterion = f$aic(y, n, mu, w, sum(dev)), start = mustart)
}
ones <- rep(1, 6)
size <- c(3, 10, 1, 250, 40, 0); successes <- c(0, 4, 1, 249, 21, 0)
y <- ifelse(size > 0, successes / size, 0); p <- c(.02, .3, .8, .99, .5, .4)
prior <- c(1, 2, .5, 1, 3, 1)
count <- c(0, 1, 3, 12, 250, 40); mean <- c(.3, 1.5, 3, 9, 244, 55)
amount <- c(.02, .5, 1, 3.3, 80, 1e4); level <- c(.05, .4, 1.3, 3.2, 95, 9e3)
weights <- c(1, 2, .5, 1, 3.25, 1)
cases <- list(
  one("bernoulli", binomial(), c(0, 1, 1, 0, 1, 0), p),
  one("cbind", binomial(), y, p, size, size),
  one("cbind with prior weights", binomial(), y, p, size * prior, size),
  one("cbind of single trials", binomial(), c(0, 1, 1, 0, 1, 0), p, prior, c(1, 1, 1, 1, 1, 0)),
  one("proportion with weights", binomial(), y, p, size),
  suppressWarnings(one("rounded successes", binomial(), c(.21, .5, .333, .9, .1, .77), p, c(10, 3, 3, 7, 2.4, .3))),
  one("poisson", poisson(), count, mean), one("poisson weighted", poisson(), count, mean, weights),
  one("Gamma", Gamma(), amount, level), one("Gamma weighted", Gamma(), amount, level, weights),
  one("Gamma close", Gamma(), c(1, 2, 3), c(1.02, 1.97, 3.05)),
  one("inverse.gaussian", inverse.gaussian(), amount, level),
  one("inverse.gaussian weighted", inverse.gaussian(), amount, level, weights),
  one("gaussian", gaussian("log"), amount, level), one("gaussian weighted", gaussian("log"), amount, level, weights),
  one("negative.binomial", negative.binomial(2.5), count, mean),
  one("negative.binomial small theta", negative.binomial(.01), count, mean),
  one("negative.binomial weighted", negative.binomial(2.5), count, mean, weights))
# densities where counts are large: lme4's A is -2 log of these
large <- c(1e6, 123456789, 5e8)
densities <- list(
  y = large, mu = large * c(1.001, .9999, 1), size = 2 * large + 17,
  dpois = dpois(large, large * c(1.001, .9999, 1), log = TRUE),
  dbinom = dbinom(large, 2 * large + 17, c(.4995, .50001, .5), log = TRUE), p = c(.4995, .50001, .5),
  dnbinom = dnbinom(large, size = 1e9, mu = large * c(1.001, .9999, 1), log = TRUE))
cat(toJSON(list(r = R.version.string, lme4 = as.character(packageVersion("lme4")), links = links, cases = cases,
                densities = densities), digits = NA, auto_unbox = TRUE, pretty = FALSE, null = "null", na = "string"))
