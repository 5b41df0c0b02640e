# Writes tests/golden/functions.csv: what R's model.matrix makes of the functions of the closed table, and the table they
# are computed on, tests/golden/csv/functions_table.csv.
# Run from the root of the repository: LC_ALL=C Rscript tests/model/r_functions.R
library(splines)
RNGkind("Mersenne-Twister", "Inversion"); set.seed(21)
n <- 60
d <- data.frame(
  y = round(rnorm(n), 3), x = round(runif(n, -2, 3), 2), z = round(rexp(n), 3), p = round(runif(n, 0.02, 0.98), 3),
  k = rep(c(3, 10, 7, 1, 250), 12), age = sample(18:79, n, TRUE), days = rep(0:9, 6), half = rep(c(0.5, 1.5, 2.5, -0.5, -1.5, 2.25), 10),
  f = rep(c("a", "b", "c"), 20), g = rep(c("u", "v"), each = 30), h = rep(c("p", "q", "r", "s", "t"), 12),
  size = rep(c("small", "large", "medium", "small"), 15), lg = rep(c(TRUE, FALSE, TRUE, TRUE, FALSE), 12), yes = rep(c("yes", "no"), 30))
d$m <- d$x; d$m[c(2, 9, 31)] <- NA
d$fm <- d$f; d$fm[c(4, 50)] <- NA
table <- "tests/golden/csv/functions_table.csv"
write.csv(d, table, row.names = FALSE, quote = FALSE)
d <- read.csv(table, stringsAsFactors = TRUE)
formulas <- c(
  # factors
  'relevel(f, ref = "b")', 'relevel(f, "c") * x', 'relevel(f, ref = 2)', 'relevel(factor(k), ref = "7")', 'relevel(h, ref = "s"):g', '0 + relevel(size, ref = "small")',
  'ordered(f)', 'ordered(size, levels = c("small", "medium", "large"))', 'ordered(k) + x', 'as.ordered(h)', 'as.ordered(k)', 'ordered(f) * x', 'ordered(f):g',
  'factor(size, levels = c("small", "medium", "large"))', 'factor(size, levels = c("small", "medium", "large"), ordered = TRUE)', 'factor(f, labels = c("A", "B", "C"))',
  'factor(h, levels = c("p", "q", "r", "s", "t"), labels = c("P", "P", "R", "R", "T"))', 'factor(f, labels = "lev")', 'factor(f, levels = rev(levels(f)))', 'factor(fm)',
  'factor(k, levels = c(1, 3, 7, 10, 250))', 'factor(h, exclude = "t")', 'factor(age > 40)', 'factor(lg)', 'factor(days %% 3)', 'as.factor(lg)', 'factor(ordered(f))', 'droplevels(f)', 'droplevels(fm) + x',
  'interaction(f, g)', 'interaction(f, g, sep = "_")', 'interaction(f, g, lex.order = TRUE)', 'interaction(f, h, drop = TRUE)', 'interaction(f, lg)',
  'C(f, contr.sum)', 'C(f, sum)', 'C(ordered(f), contr.treatment)', 'C(f, treatment)', 'C(f, "contr.treatment") * x', 'C(f, contr.treatment):g', 'C(size, helmert)', 'C(h, contr.poly)',
  'cut(age, 3)', 'cut(age, breaks = c(0, 30, 50, 100))', 'cut(age, c(-Inf, 40, Inf))', 'cut(age, c(18, 40, 60, 79), include.lowest = TRUE)', 'cut(age, c(0, 30, 50, 100), right = FALSE)',
  'cut(age, c(18, 40, 79), right = FALSE, include.lowest = TRUE)', 'cut(age, c(0, 30, 50, 100), labels = c("young", "middle", "old"))', 'cut(age, c(0, 30, 50, 100), labels = FALSE)', 'cut(x, 4, ordered_result = TRUE)',
  'cut(x, quantile(x, c(0, 1/3, 2/3, 1)), include.lowest = TRUE)', 'cut(x, breaks = quantile(x), include.lowest = TRUE)', 'cut(x, c(min(x) - 1, median(x), max(x)))', 'cut(z, c(0, 0.5, 1.25, 10), dig.lab = 2)', 'cut(k, c(0, 5, 100000))',
  'cut(age, seq(10, 80, by = 10))', 'cut(age, seq(10, 80, length.out = 3))', 'cut(x, 3, labels = c("low", "mid", "high")) * z', 'as.integer(cut(age, 3))', 'cut(m, 3)', 'x + cut(days, c(-1, 4, 9))', 'cut(p, 10 * (0:2) / 20)',
  # choices
  'ifelse(x > 0, 1, 0)', 'ifelse(f == "a", "first", "other")', 'ifelse(x > 0, x, 0)', 'ifelse(is.na(m), 0, m)', 'ifelse(lg, "t", ifelse(x > 1, "big", "none"))', 'ifelse(age < 30, "young", ifelse(age < 60, "middle", "old"))',
  'ifelse(x > 0, TRUE, FALSE)', 'ifelse(m > 0, "pos", "neg")', 'ifelse(f == "a", f, 0)', 'I(ifelse(z > 1, log(z), 0))', 'factor(ifelse(k > 5, "many", "few"), levels = c("many", "few"))', 'ifelse(f %in% c("a", "b"), x, -x)', 'ifelse(days == 0, NA, days)', 'ifelse(x > 0, age, "none")',
  # numbers
  'round(x)', 'round(x, 1)', 'round(half)', 'round(z, digits = 2)', 'round(age, -1)', 'signif(z, 2)', 'floor(x)', 'ceiling(x)', 'trunc(x)', 'sign(x)', 'pmin(x, z)', 'pmax(x, 0)', 'pmin(m, 0, na.rm = TRUE)', 'pmax(m, z)', 'pmax(pmin(x, 2), -1)',
  'plogis(x)', 'qlogis(p)', 'tanh(x)', 'asin(sqrt(p))', 'asin(p)', 'acos(p) + atan(x)', 'sinh(x) + cosh(x)', 'expm1(p)', 'pnorm(x) + qnorm(p)', 'log(p / (1 - p))',
  'as.integer(x)', 'as.integer(f)', 'as.numeric(f)', 'as.integer(lg)', 'as.numeric(x > 0)', 'as.integer(f == "a")', 'as.logical(days)', 'as.logical(yes == "yes")', 'as.character(k)', 'as.character(days)', 'as.character(relevel(f, ref = "c"))',
  'as.numeric(as.character(factor(k)))', 'as.integer(as.character(factor(days)))', 'as.vector(f)', 'as.double(g)',
  # one number of a column
  'I(x - mean(x))', 'I((x - mean(x)) / sd(x))', 'I(x > median(x))', 'I((x - min(x)) / (max(x) - min(x)))', 'I(m - mean(m, na.rm = TRUE))', 'I(age / max(age)) + I(z / sum(z))', 'I(x / sqrt(var(x)))', 'I(x > quantile(x, 0.75))', 'I(pmin(x, quantile(x, 0.9)))',
  'scale(x, center = mean(z), scale = sd(z))', 'scale(x, center = median(x), scale = FALSE)', 'ave(x, f)', 'I(x - ave(x, f))', 'I(x - ave(x, f, g))', 'ave(x, f, FUN = max)', 'ave(z, h, FUN = sd)', 'I(age - mean(age)):f', 'max(x) + I(x^2)', 'I(x - min(x, z, 0))',
  # vectors
  'scale(x)', 'scale(x)[, 1]', 'as.vector(scale(x))', 'as.numeric(scale(x))', 'c(scale(x))', 'drop(scale(x))', 'I(scale(x)^2)', 'I(scale(x)[, 1]^2)', 'scale(x)[, 1] * f', 'as.vector(scale(x, scale = FALSE)) + z', 'scale(cbind(x, z))', 'scale(x)[,1] + I(scale(x)[,1]^2)',
  'poly(x, 2)[, 1]', 'poly(x, 3)[, 2:3]', 'poly(x, 3)[, c(1, 3)]', 'poly(x, 2)[, "2"]', 'ns(x, 3)[, 2]', 'bs(x, df = 4)[, 1:2]', 'cbind(x, z)[, "z"]', 'cbind(a = x, b = z)',
  'poly(x, z)', 'poly(x, z, degree = 2)', 'poly(x, z, degree = 2, raw = TRUE)', 'poly(x, z, age, degree = 2)', 'poly(x, z, degree = 3)', 'poly(x, 2, raw = TRUE) * f', 'poly(degree = 2, x)', 'stats::poly(x, 2)', 'stats::poly(x, degree = 2, raw = TRUE)',
  'splines::ns(x, 3)', 'splines::ns(x, df = 4):g', 'splines::bs(x, df = 5)', 'splines::bs(x, knots = c(0, 1))', 'ns(x, knots = quantile(x, c(0.25, 0.5, 0.75)))', 'bs(x, knots = median(x), Boundary.knots = c(min(x), max(x)))', 'ns(age, knots = c(30, 50), Boundary.knots = range2)',
  'base::log(z) + base::scale(x)', 'stats::relevel(f, ref = "c")', 'rep(c(0, 1), 30)', 'rep(c("early", "late"), each = 30)', 'rep(1:3, times = 20) + x', 'rep(0:1, length.out = 60)', 'factor(rep(1:6, each = 10))', 'I(x * c(1, -1)[1])',
  # formula language
  'x^2', 'f^2 + x', '(x + z)^2', 'x + f # the comment at the end', 'log(z) + I(z^2) # a + b')
skipped <- c("range2", "[1]")   # not in the closed table
formulas <- formulas[!vapply(formulas, function(f) any(vapply(skipped, grepl, TRUE, f, fixed = TRUE)), TRUE)]
formulas <- formulas[formulas != "max(x) + I(x^2)"]   # R: variable lengths differ
number <- function(v) paste(sprintf("%.12g", v), collapse = "|")
one <- function(text) {
  frame <- suppressWarnings(model.frame(as.formula(paste("y ~", text)), d, drop.unused.levels = TRUE))
  X <- model.matrix(attr(frame, "terms"), frame)
  data.frame(formula = paste("y ~", text), rows = nrow(X), columns = paste(colnames(X), collapse = "|"),
             sums = number(colSums(X)), weighted = number(colSums(X * seq_len(nrow(X)))))
}
out <- do.call(rbind, lapply(formulas, one))
write.csv(out, "tests/golden/functions.csv", row.names = FALSE)
cat(nrow(out), "formulas;", R.version.string, "\n")
