# Writes tests/model/r_matrices.json: what R's model.matrix and lme4's lFormula make of the table below.
# Run: Rscript tests/model/r_matrices.R > tests/model/r_matrices.json     (needs lme4 and jsonlite)
suppressMessages({library(lme4); library(splines); library(jsonlite)})
RNGkind("Mersenne-Twister", "Inversion"); set.seed(20)
n <- 24
d <- data.frame(
  y = round(rnorm(n), 3), x = round(runif(n, -2, 3), 2), z = round(rexp(n), 3), k = rep(c(3, 10, 7, 1), 6),
  f = factor(rep(c("a", "b", "c"), 8)), g = factor(rep(c("u", "v"), each = 12)),
  h = factor(rep(c("p", "q", "r", "s", "t"), length.out = n)), lg = rep(c(TRUE, FALSE, TRUE), 8),
  s = rep(1:6, each = 4), b = factor(rep(c("1", "2"), 12)))
d[["my x"]] <- d$z^2
d$m <- d$x; d$m[c(2, 9)] <- NA          # missing values
d$big <- d$x + 1
fixed <- list(
  list("f + x"), list("0 + f + x"), list("f * x"), list("x:f"), list("f / g"), list("f:g + x:lg"), list("lg"), list("0 + lg"),
  list("lg * f - 1"), list("f * x", list(f = "contr.sum")), list("h + g:f", list(h = "contr.poly", f = "contr.helmert")),
  list("h", list(h = "contr.helmert")), list("0 + h + f", list(h = "contr.sum", f = "contr.sum")),
  list("f * g * x", list(f = "contr.sum", g = "contr.helmert")), list("C(f, contr.sum) + C(h, poly)"), list("C(f, helmert):x"),
  list("poly(x, 3)"), list("poly(x, 2, raw = TRUE)"), list("poly(x, degree = 1)"), list("f * poly(z, 2)"), list("poly(m2, 2)"),
  list("scale(x) + scale(z, scale = FALSE) + scale(k, center = FALSE)"), list("scale(x, center = 2, scale = 4)"),
  list("bs(x)"), list("bs(x, df = 5)"), list("bs(x, df = 6, intercept = TRUE)"), list("bs(x, knots = c(0, 1.5), degree = 2)"),
  list("bs(x, df = 4, Boundary.knots = c(-3, 4))"), list("bs(x, degree = 1, df = 3)"), list("ns(x)"), list("ns(x, df = 2)"),
  list("ns(x, df = 4)"), list("ns(z, knots = c(0.5, 1))"), list("ns(x, df = 3, intercept = TRUE)"),
  list("ns(x, df = 3, Boundary.knots = c(-4, 5))"), list("ns(x, df = 3):g"),
  list("I(x^2) + I(-x) + I(x > 0.5) + log(z + 1)"), list("log2(z) + log10(z) + log1p(z) + exp(x) + sqrt(z) + abs(x)"),
  list("sin(x) + cos(2 * pi * x) + tan(x) + log(z, base = 3)"), list("I(k %% 3) + I(k %/% 3) + I(x / z * 2 - 1)"),
  list("factor(k) * x"), list("as.factor(k)"), list("as.numeric(f) + as.numeric(lg)"), list("factor(k, levels = c(7, 3, 1, 10))"),
  list("dummy(h, \"q\") + dummy(f)"), list("dummy(g) + dummy(h, c(\"r\", \"p\"))"), list("interaction(f, g)"), list("cbind(x, z, x + z)"),
  list("`my x` * f"), list("I(x > 0 & !lg | f == \"b\") + I(h %in% c(\"p\", \"t\"))"), list("(x > 0):f"), list("f + h %in% f"),
  list("I((x + 1)^2) + I(z^2^0.5) + I(-x^2)"), list("x * offset(z) + g"))
d$m2 <- d$k / 3
one <- function(e) {
  args <- list(as.formula(paste("~", e[[1]])), d)
  if (length(e) > 1) args$contrasts.arg <- e[[2]]
  X <- do.call(model.matrix, args)
  list(formula = e[[1]], contrasts = if (length(e) > 1) e[[2]] else setNames(list(), character()), columns = colnames(X),
       assign = attr(X, "assign"), values = unname(signif(X, 12)))
}
bars <- c("(1 | s)", "(x | s)", "(0 + x | f)", "(x - 1 | s)", "(f | s)", "(0 + f | s)", "(f * x | s)", "(x + z || s)", "(f || s)",
  "(x * f || s)", "(1 | g/f)", "(1 | f/g/b)", "(x | g/f)", "(x || g/f)", "(1 | f:g)", "(1 | s) + (1 | f)", "(1 | f) + (1 | s)",
  "(1 | f) + (x || s)", "(1 | g) + (1 | f) + (1 | s)", "(1 | g) + (1 | b)", "(1 | b) + (1 | h) + (1 | g)", "(poly(x, 2) | s)",
  "(0 + dummy(f, \"b\") | s)", "(lg | s)", "(0 + lg | s)", "(1 | k)", "(1 | k:s)", "(f:x | g)", "(1 | lg)", "(1 | s) + (1 | s)",
  "(scale(x) | g) + (1 | f:b)", "(C(f, sum) | s)", "(1 + x + I(x^2) | g:b)", "(`my x` | f)", "(1 | h) + (m | f)")
ctrl <- lmerControl(check.nobs.vs.nlev = "ignore", check.nobs.vs.rankZ = "ignore", check.nobs.vs.nRE = "ignore", check.nlev.gtr.1 = "ignore")
rand <- function(bar) {
  re <- lFormula(as.formula(paste("y ~ x +", bar)), d, control = ctrl)$reTrms
  lapply(seq_along(re$cnms), function(i) {
    fl <- re$flist[[attr(re$flist, "assign")[i]]]
    k <- length(re$cnms[[i]]); Zt <- as.matrix(re$Ztlist[[i]])
    Z <- t(sapply(seq_along(fl), function(r) Zt[(as.integer(fl)[r] - 1) * k + 1:k, r])); if (k == 1) Z <- t(Z)
    list(group = names(re$cnms)[i], columns = I(re$cnms[[i]]), levels = I(levels(fl)), codes = as.integer(fl) - 1L, Z = unname(signif(Z, 12)))
  })
}
aliased <- c("x + big + z", "big + x", "f + g:f + g", "f * g + lg", "I(2*x) + x + I(x*1e8)", "x + I(x*0) + z", "s + factor(s) + f",
  "I(x + 1e6) + I(x + 1e7)", "I(x+1e8)", "I(x*1e-9)+z", "z + x + I(x + 1e-6*z)", "x+I(x+1e-8*z)", "factor(k):h", "h*factor(k)", "f:g")
rank <- function(f) {
  X <- model.matrix(as.formula(paste("~", f)), d)
  list(formula = f, kept = I(colnames(lme4:::chkRank.drop.cols(X, kind = "silent.drop.cols"))), columns = I(colnames(X)))
}
out <- list(header = sprintf("tests/model/r_matrices.R, %s, lme4 %s", R.version.string, packageVersion("lme4")),
  data = lapply(d, function(v) if (is.factor(v)) list(levels = levels(v), codes = as.integer(v) - 1L) else v),
  fixed = lapply(fixed, one), aliased = lapply(aliased, rank), random = lapply(bars, function(b) list(bars = b, terms = rand(b))))
cat(toJSON(out, digits = NA, auto_unbox = TRUE, na = "null"), "\n")
