# R's best of four optimizers for each model of a manifest: a line of JSON each.
#
#     Rscript tests/random_models/r_best.R MANIFEST        (written and read by tests/random_models/against_r.py)
#
# PIRLS stops at 1e-10 on the way. The criterion is evaluated where each fit ended with PIRLS iterated to 1e-13: what
# a fit reports may be below it, since its own PIRLS stopped earlier.
suppressMessages({library(lme4); library(jsonlite)})
options(warn = -1)
optimizers <- c("bobyqa", "Nelder_Mead", "nlminbwrap", "nloptwrap")
tight <- function(fit, formula, d, family, w, o) {
  control <- glmerControl(tolPwrss = 1e-13, check.nobs.vs.nlev = "ignore", check.nobs.vs.nRE = "ignore")
  parsed <- glFormula(formula, data = d, family = family, control = control, weights = w, offset = o)
  devfun <- updateGlmerDevfun(do.call(mkGlmerDevfun, c(parsed, list(control = control))), parsed$reTrms)
  devfun(c(getME(fit, "theta"), fixef(fit)))
}
one <- function(model) {
  d <- read.csv(model$csv, colClasses = c(g = "character", h = "character", f = "character"))
  formula <- as.formula(model$formula)
  w <- if (is.null(model$weights)) rep(1, nrow(d)) else d[[model$weights]]
  o <- if (is.null(model$offset)) rep(0, nrow(d)) else d[[model$offset]]
  environment(formula) <- environment()
  is_nb <- model$family == "negative.binomial"
  family <- if (is_nb) NULL else do.call(model$family, list(link = model$link))
  best <- list(index = model$index, criterion = NA)
  for (optimizer in optimizers) {
    control <- glmerControl(optimizer = optimizer, calc.derivs = FALSE, check.conv.singular = "ignore",
                            tolPwrss = 1e-10)
    # glmer.nb evaluates its call: weights and offsets of ones and zeros are left to glmer
    fit <- tryCatch(if (is_nb) glmer.nb(formula, data = d, control = control)
                    else glmer(formula, data = d, family = family, weights = w, offset = o, control = control),
                    error = function(e) NULL)
    if (is.null(fit)) next
    theta <- if (is_nb) getME(fit, "glmer.nb.theta") else NULL
    here <- if (is_nb) MASS::negative.binomial(theta) else family
    value <- tryCatch(tight(fit, formula, d, here, w, o), error = function(e) NA)
    if (is.finite(value) && !(is.finite(best$criterion) && best$criterion <= value))
      best <- list(index = model$index, criterion = value, optimizer = optimizer, theta = getME(fit, "theta"),
                   beta = fixef(fit), nb_theta = theta)
  }
  best
}
for (line in readLines(commandArgs(trailingOnly = TRUE)[1])) {
  model <- fromJSON(line)
  cat(toJSON(one(model), digits = NA, auto_unbox = TRUE, null = "null", na = "null"), "\n", sep = "")
}
