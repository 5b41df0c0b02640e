# lme4's default fit of five models, forty times each, the response moved by noise of a last bit.
#
#     Rscript tests/chance/noise.R           (from the root; R 4.2 with lme4 1.1-31 made r_runs.csv)
suppressMessages(library(lme4))
options(warn = -1)
set.seed(20261127)
models <- list(
  soybean = list("tests/chance/soybean.csv", log(weight) ~ poly(Time, 2) * Variety + (poly(Time, 2) | Plot)),
  sleepstudy_micro = list("sample_data/sleepstudy_micro.csv", Reaction ~ Days_micro + (Days_micro | Subject)),
  crossed_maximal = list("sample_data/crossed_maximal.csv", y ~ cond + (1 + cond | subject) + (1 + cond | item)),
  math_wave = list("tests/chance/math_wave.csv", mem ~ age + (age | id)),
  four_groups_slope = list("tests/proof/csv/four_groups_slope.csv", y ~ x + (x | g))
)
last_bit <- function(y) 2^(floor(log2(abs(y))) - 52)
for (name in names(models)) {
  d <- read.csv(models[[name]][[1]])
  for (group in intersect(c("Plot", "Subject", "subject", "item", "id", "g"), names(d))) d[[group]] <- factor(d[[group]])
  formula <- models[[name]][[2]]
  y <- eval(formula[[2]], d)
  formula[[2]] <- quote(noisy)
  for (run in 1:40) {
    d$noisy <- y + last_bit(y) * sample(-1:1, length(y), replace = TRUE)
    m <- lmer(formula, d)
    said <- length(m@optinfo$conv$lme4$messages) > 0 || length(m@optinfo$warnings) > 0
    row <- data.frame(model = name, run = run, criterion = sprintf("%.9f", REMLcrit(m)), singular = isSingular(m), said = said)
    rows <- if (exists("rows")) rbind(rows, row) else row
  }
}
write.csv(rows, "tests/chance/r_runs.csv", row.names = FALSE, quote = FALSE)
