# R's best of four optimizers for every family with a scale, link, data set and unit of the response.
#
#     Rscript tests/units/units.R            (from the root; R 4.2 with lme4 1.1-31 made r_best.csv)
#
# A row is the smallest deviance of any of the four, NA where all of them stop with an error.
suppressMessages(library(lme4))
options(warn = -1)
tables <- list(
  sleepstudy = list("sample_data/sleepstudy.csv", Reaction ~ Days + (1 | Subject)),
  gamma_groups = list("tests/units/gamma_groups.csv", y ~ x + (1 | g)),
  gamma_few = list("tests/units/gamma_few.csv", y ~ x + (1 | g))
)
links <- list(Gamma = c("inverse", "identity", "log"), inverse.gaussian = c("1/mu^2", "inverse", "identity", "log"),
              gaussian = c("log", "inverse"))
optimizers <- c("bobyqa", "Nelder_Mead", "nlminbwrap", "nloptwrap")
# The deviance where a fit ended, PIRLS iterated to 1e-13: what a fit reports may be below it, since its own PIRLS
# stops at 1e-7.
tight <- function(fit, formula, d, fam) {
  control <- glmerControl(tolPwrss = 1e-13)
  parsed <- glFormula(formula, data = d, family = fam, control = control)
  devfun <- do.call(mkGlmerDevfun, c(parsed, list(control = control)))
  devfun <- updateGlmerDevfun(devfun, parsed$reTrms)
  devfun(c(getME(fit, "theta"), fixef(fit)))
}
out <- NULL
for (name in names(tables)) for (family in names(links)) for (link in links[[family]]) for (k in c(1e-6, 1e-3, 1, 1e3, 1e6)) {
  d <- read.csv(tables[[name]][[1]])
  formula <- tables[[name]][[2]]
  d[[all.vars(formula)[1]]] <- k * d[[all.vars(formula)[1]]]
  fam <- do.call(family, list(link = link))
  start <- tryCatch(coef(glm(nobars(formula), data = d, family = fam)), error = function(e) NULL)
  best <- NA
  for (optimizer in optimizers) for (careful in c(FALSE, TRUE)) {
    control <- glmerControl(optimizer = optimizer, calc.derivs = FALSE, check.conv.singular = "ignore",
                            tolPwrss = if (careful) 1e-10 else 1e-7)
    fit <- tryCatch(glmer(formula, data = d, family = fam, control = control,
                          start = if (careful && !is.null(start)) list(theta = 0.5, fixef = start) else NULL),
                    error = function(e) NULL)
    value <- if (is.null(fit)) NA else tryCatch(tight(fit, formula, d, fam), error = function(e) NA)
    best <- min(best, value, na.rm = TRUE)
  }
  if (!is.finite(best)) best <- NA
  out <- rbind(out, data.frame(table = name, family = family, link = link, unit = k, best = best))
}
write.csv(transform(out, best = sprintf("%.6f", best)), "tests/units/r_best.csv", row.names = FALSE, quote = FALSE)
