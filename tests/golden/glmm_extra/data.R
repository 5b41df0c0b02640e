# The simulated tables of glmm_extra: each is written to csv/<name>.csv, and lme4 is given what is read back.
# Covariates and continuous responses have at most six significant digits, so that every reader sees the same.

groups <- function(count, each) rep(seq_len(count), each = each)
label <- function(prefix, codes) sprintf("%s%02d", prefix, codes)
effects <- function(codes, sd) rnorm(max(codes), 0, sd)[codes]
covariate <- function(n) round(rnorm(n), 4)

tables <- list(
  probit = function() {
    g <- groups(30, 8); x <- covariate(240)
    y <- rbinom(240, 1, pnorm(-0.3 + 0.6 * x + effects(g, 0.8)))
    data.frame(y, x, g = label("g", g))
  },
  cloglog = function() {
    g <- groups(24, 10); x <- covariate(240); exposure <- round(log(runif(240, 0.5, 3)), 5)
    y <- rbinom(240, 1, 1 - exp(-exp(-1 + 0.5 * x + exposure + effects(g, 0.7))))
    data.frame(y, x, log_exposure = exposure, g = label("g", g))
  },
  cauchit = function() {
    g <- groups(25, 10); x <- covariate(250)
    y <- rbinom(250, 1, pcauchy(0.3 + 1.0 * x + effects(g, 0.9)))
    data.frame(y, x, g = label("g", g))
  },
  risk = function() {
    g <- groups(20, 14); x <- round(runif(280), 4)
    y <- rbinom(280, 1, exp(pmin(-2.2 + 0.8 * x + effects(g, 0.3), -0.05)))
    data.frame(y, x, g = label("g", g))
  },
  proportion = function() {
    g <- groups(20, 4); x <- covariate(80); size <- rep(c(5, 8, 10, 20), length.out = 80)
    hits <- rbinom(80, size, plogis(-0.5 + 0.7 * x + effects(g, 0.6)))
    data.frame(rate = hits / size, size, hits, x, g = label("g", g))
  },
  answers = function() {
    g <- groups(18, 12); dose <- sample(c("high", "low", "none"), 216, TRUE); x <- covariate(216)
    p <- plogis(0.2 + 0.9 * (dose == "low") - 0.6 * (dose == "none") + 0.3 * x + effects(g, 0.9))
    said <- ifelse(rbinom(216, 1, p) == 1, "yes", "no")
    data.frame(said, agreed = said == "yes", dose, x, g = label("g", g))
  },
  slope = function() {
    g <- groups(20, 14); x <- covariate(280)
    u <- matrix(rnorm(40), 20) %*% chol(matrix(c(0.8, 0.2, 0.2, 0.4), 2))
    y <- rbinom(280, 1, plogis(0.4 + 0.8 * x + u[g, 1] + u[g, 2] * x))
    data.frame(y, x, g = label("g", g))
  },
  crossed = function() {
    d <- expand.grid(a = 1:16, b = 1:12); x <- covariate(192)
    hits <- rbinom(192, 3, plogis(-0.2 + 0.5 * x + effects(d$a, 0.9) + effects(d$b, 0.6)))
    data.frame(hits, misses = 3 - hits, x, a = label("a", d$a), b = label("b", d$b))
  },
  nested = function() {
    a <- groups(48, 5); b <- (a - 1) %/% 6 + 1; x <- covariate(240)
    y <- rbinom(240, 1, plogis(0.1 + 0.7 * x + effects(a, 0.8) + effects(b, 0.7)))
    data.frame(y, x, a = label("a", (a - 1) %% 6 + 1), b = label("b", b))
  },
  counts = function() {
    g <- groups(20, 10); x <- covariate(200); days <- sample(1:9, 200, TRUE)
    y <- rpois(200, days * exp(-0.6 + 0.4 * x + effects(g, 0.5)))
    data.frame(y, x, days, weight = rep(c(0.5, 1, 2, 1.5), 50), g = label("g", g))
  },
  roots = function() {
    g <- groups(20, 10); x <- round(runif(200), 4)
    y <- rpois(200, pmax(2.2 + 1.0 * x + effects(g, 0.5), 0)^2)
    data.frame(y, x, g = label("g", g))
  },
  additive = function() {
    g <- groups(20, 10); x <- round(runif(200), 4)
    y <- rpois(200, pmax(9 + 4 * x + effects(g, 1.5), 1))
    data.frame(y, x, g = label("g", g))
  },
  times = function() {
    g <- groups(20, 10); x <- round(runif(200), 4); b <- effects(g, 0.3)
    data.frame(
      multiplied = signif(rgamma(200, 4, 4 / exp(1 + 0.8 * x + b)), 6),
      rates = signif(rgamma(200, 8, 8 * (1.2 + 0.6 * x + 0.3 * b)), 6),
      added = signif(rgamma(200, 8, 8 / (6 + 2 * x + 2 * b)), 6),
      x, g = label("g", g)
    )
  },
  walks = function() {
    g <- groups(20, 10); x <- round(runif(200), 4)
    mu <- exp(0.5 + 0.7 * x + effects(g, 0.3)); lambda <- 6
    v <- rnorm(200)^2; r <- mu + mu^2 * v / (2 * lambda) - mu / (2 * lambda) * sqrt(4 * mu * lambda * v + mu^2 * v^2)
    data.frame(y = signif(ifelse(runif(200) <= mu / (mu + r), r, mu^2 / r), 6), x, g = label("g", g))
  },
  growth = function() {
    g <- groups(20, 8); x <- round(runif(160), 4)
    y <- exp(1.2 + 0.9 * x + effects(g, 0.25)) + rnorm(160, 0, 0.5)
    data.frame(y = signif(y, 6), x, g = label("g", g))
  },
  clumped = function() {
    g <- groups(20, 12); x <- covariate(240)
    y <- rnbinom(240, size = 1.7, mu = exp(1 + 0.4 * x + effects(g, 0.5)))
    data.frame(y, x, weight = rep(c(0.5, 1, 2, 1.5), 60), g = label("g", g))
  },
  nearly_poisson = function() {
    g <- groups(20, 12); x <- covariate(240)
    y <- rnbinom(240, size = 25, mu = exp(1.3 + 0.4 * x + effects(g, 0.5)))
    data.frame(y, x, g = label("g", g))
  },
  even = function() {
    g <- groups(20, 12); x <- covariate(240)
    mu <- exp(1.5 + 0.4 * x + effects(g, 0.4))
    data.frame(y = qpois(round(rep((1:4 - 0.5) / 4, 60), 4), mu), x, g = label("g", g))
  },
  pairs = function() {
    g <- groups(70, 3); x <- covariate(210)
    y <- rbinom(210, 1, plogis(0.3 + 0.8 * x + effects(g, 1.8)))
    data.frame(y, x, g = label("g", g))
  },
  trends = function() {
    g <- groups(15, 12); x <- round(runif(180, -1, 2), 4)
    y <- rpois(180, exp(0.8 + (0.3 + effects(g, 0.4)) * x))
    data.frame(y, x, g = label("g", g))
  },
  alike = function() {
    g <- groups(15, 12); x <- covariate(180); p <- plogis(0.2 + 0.5 * x)
    data.frame(y = as.integer(p > rep((1:12 - 0.5) / 12, 15)), x, g = label("g", g))
  },
  reciprocal = function() {
    g <- groups(15, 8); x <- round(runif(120), 4)
    data.frame(y = signif(rgamma(120, 0.6, 0.6 * pmax(0.2 + 2 * x + effects(g, 0.9), 0.02)), 6), x, g = label("g", g))
  },
  sums = function() {
    g <- groups(15, 8); x <- round(runif(120), 4)
    data.frame(y = signif(rgamma(120, 0.6, 0.6 / pmax(0.5 + 4 * x + effects(g, 2), 0.05)), 6), x, g = label("g", g))
  },
  common = function() {
    g <- groups(15, 12); x <- covariate(180)
    data.frame(y = rbinom(180, 1, plogis(1.2 + 1.5 * x + effects(g, 1.2))), x, g = label("g", g))
  },
  usual = function() tables$common(),
  sparse = function() {
    g <- groups(15, 10); x <- round(runif(150), 4)
    data.frame(y = rpois(150, pmax(3 * x - 0.5 + effects(g, 0.6), 0)), x, g = label("g", g))
  },
  separated = function() {
    g <- groups(12, 10); x <- covariate(120)
    data.frame(y = as.integer(x > 0.1), x, g = label("g", g))
  },
  below_zero = function() {
    g <- groups(12, 10); x <- covariate(120)
    data.frame(y = round(1 + 0.5 * x + effects(g, 0.5) + rnorm(120), 5), x, g = label("g", g))
  }
)
