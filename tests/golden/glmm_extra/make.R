# Rscript make.R [ID...]: writes csv/, cases.json and expected/ beside itself (all cases, or those named).
suppressMessages({library(lme4); library(jsonlite); library(glmmTMB)})
invisible(Sys.setlocale("LC_COLLATE", "C"))
source("data.R")

# the seed of a table: one with which glmer stops, where that is what the table is for; else made of its name
SEEDS <- c(reciprocal = 1, sums = 1, common = 1, usual = 2)
simulate_table <- function(name) {
  set.seed(if (name %in% names(SEEDS)) SEEDS[[name]] else sum(utf8ToInt(name)))
  write.csv(tables[[name]](), file.path("csv", paste0(name, ".csv")), row.names = FALSE, quote = FALSE)
}

case <- function(id, csv, formula, family, link = NULL, ...)
  c(list(id = id, csv = paste0(csv, ".csv"), formula = formula, family = family, link = link), list(...))

cases <- list(
  case("binomial_probit", "probit", "y ~ x + (1 | g)", "binomial", "probit"),
  case("binomial_cloglog_offset", "cloglog", "y ~ x + (1 | g)", "binomial", "cloglog", offset = "log_exposure"),
  case("binomial_cauchit", "cauchit", "y ~ x + (1 | g)", "binomial", "cauchit"),
  case("binomial_log", "risk", "y ~ x + (1 | g)", "binomial", "log"),
  case("binomial_proportion", "proportion", "rate ~ x + (1 | g)", "binomial", weights = "size"),
  case("binomial_text", "answers", "said ~ dose + x + (1 | g)", "binomial"),
  case("binomial_logical", "answers", "agreed ~ dose + (1 | g)", "binomial"),
  case("binomial_slope", "slope", "y ~ x + (x | g)", "binomial"),
  case("binomial_crossed", "crossed", "cbind(hits, misses) ~ x + (1 | a) + (1 | b)", "binomial"),
  case("binomial_nested", "nested", "y ~ x + (1 | b/a)", "binomial"),
  case("poisson_offset", "counts", "y ~ x + offset(log(days)) + (1 | g)", "poisson"),
  case("poisson_weights", "counts", "y ~ x + days + (1 | g)", "poisson", weights = "weight"),
  case("poisson_sqrt", "roots", "y ~ x + (1 | g)", "poisson", "sqrt"),
  case("poisson_identity", "additive", "y ~ x + (1 | g)", "poisson", "identity"),
  case("gamma_log", "times", "multiplied ~ x + (1 | g)", "Gamma", "log"),
  case("gamma_inverse", "times", "rates ~ x + (1 | g)", "Gamma", "inverse"),
  case("gamma_identity", "times", "added ~ x + (1 | g)", "Gamma", "identity"),
  case("inverse_gaussian_log", "walks", "y ~ x + (1 | g)", "inverse.gaussian", "log"),
  case("gaussian_log", "growth", "y ~ x + (1 | g)", "gaussian", "log"),
  case("nb", "clumped", "y ~ x + (1 | g)", "negative.binomial"),
  case("nb_large_theta", "nearly_poisson", "y ~ x + (1 | g)", "negative.binomial"),
  case("nb_infinite_theta", "even", "y ~ x + (1 | g)", "negative.binomial"),
  case("binary_agq15", "pairs", "y ~ x + (1 | g)", "binomial", nAGQ = 15),
  case("poisson_slope_agq7", "trends", "y ~ x + (0 + x | g)", "poisson", nAGQ = 7),
  case("gamma_agq5", "times", "multiplied ~ x + (1 | g)", "Gamma", "log", nAGQ = 5),
  case("gamma_agq0", "times", "multiplied ~ x + (1 | g)", "Gamma", "log", nAGQ = 0),
  case("binomial_singular", "alike", "y ~ x + (1 | g)", "binomial"),
  case("fails_gamma_inverse", "reciprocal", "y ~ x + (1 | g)", "Gamma", "inverse"),
  case("fails_gamma_identity", "sums", "y ~ x + (1 | g)", "Gamma", "identity"),
  case("fails_binomial_log", "common", "y ~ x + (1 | g)", "binomial", "log"),
  case("fails_binomial_log_downdate", "usual", "y ~ x + (1 | g)", "binomial", "log"),
  case("fails_poisson_identity", "sparse", "y ~ x + (1 | g)", "poisson", "identity"),
  case("fails_separation", "separated", "y ~ x + (1 | g)", "binomial"),
  case("fails_start", "below_zero", "y ~ x + (1 | g)", "gaussian", "log")
)

read_table <- function(cs) read.csv(file.path("csv", cs$csv), stringsAsFactors = TRUE)
is_nb <- function(cs) cs$family == "negative.binomial"
is_start_used <- function(cs) !identical(cs$nAGQ, 0)

# the text of a call of glmer, glmer.nb or glmmTMB on the table `.d`
call_text <- function(cs, fit = if (is_nb(cs)) "glmer.nb" else "glmer", family = NULL, extra = "") {
  if (is.null(family) && !is_nb(cs))
    family <- if (is.null(cs$link)) cs$family else sprintf("%s(link = '%s')", cs$family, cs$link)
  paste0(
    fit, "(", cs$formula, ", data = .d",
    if (!is.null(family)) paste0(", family = ", family),
    if (!is.null(cs$weights)) paste0(", weights = ", cs$weights),
    if (!is.null(cs$offset)) paste0(", offset = ", cs$offset),
    if (!is.null(cs$nAGQ)) paste0(", nAGQ = ", cs$nAGQ),
    extra, ")"
  )
}

run <- function(text) eval(parse(text = text)[[1]], globalenv())
run_quietly <- function(text) suppressMessages(suppressWarnings(run(text)))

# the fit, and its warnings and messages in order
run_listening <- function(text) {
  said <- character()
  fit <- withCallingHandlers(
    run(text),
    warning = function(w) { said <<- c(said, conditionMessage(w)); invokeRestart("muffleWarning") },
    message = function(m) { said <<- c(said, trimws(conditionMessage(m))); invokeRestart("muffleMessage") }
  )
  list(fit = fit, said = said)
}

criterion <- function(m) -2 * as.numeric(logLik(m))

describe <- function(m) c(
  list(
    criterion = criterion(m), logLik = as.numeric(logLik(m)), df = attr(logLik(m), "df"), AIC = AIC(m), BIC = BIC(m),
    theta = as.list(getME(m, "theta")), fixef = as.list(fixef(m)), se = as.list(sqrt(diag(as.matrix(vcov(m))))),
    sigma = sigma(m), singular = isSingular(m),
    varcorr = lapply(VarCorr(m), function(v)
      list(stddev = as.list(attr(v, "stddev")), corr = unname(as.matrix(attr(v, "correlation")))))
  ),
  if (grepl("Negative Binomial", family(m)$family)) list(nb_theta = getME(m, "glmer.nb.theta"))
)

TIGHT <- list(
  bobyqa = "glmerControl(optimizer = 'bobyqa', tolPwrss = 1e-13, optCtrl = list(maxfun = 2e5, rhoend = 1e-9))",
  Nelder_Mead = "glmerControl(optimizer = 'Nelder_Mead', tolPwrss = 1e-13, optCtrl = list(maxfun = 2e5))",
  nlminbwrap = "glmerControl(optimizer = 'nlminbwrap', tolPwrss = 1e-13)"
)

# the lowest of several optimisers, each restarted by bobyqa from where it stopped; never the default fit, whose
# loosely converged modes can make the criterion look lower than it is
best_of <- function(cs, family = NULL) {
  attempt <- function(control, start = NULL) {
    .start <<- start
    extra <- paste0(", control = ", control, if (!is.null(start)) ", start = .start")
    tryCatch(run_quietly(call_text(cs, "glmer", family, extra)), error = function(e) NULL)
  }
  fits <- Filter(Negate(is.null), lapply(TIGHT, attempt))
  if (is_start_used(cs))
    fits <- c(fits, lapply(fits, function(m) attempt(TIGHT$bobyqa, getME(m, c("theta", "fixef")))))
  fits <- Filter(Negate(is.null), fits)
  fits[[which.min(sapply(fits, criterion))]]
}

# glmer.nb, with the inner fits tight and log theta found to 1e-7. Where there is no finite theta it is the Poisson
# model with a parameter more: at theta > 1e3 rounding in the NB deviance stops PIRLS from converging tightly.
best_nb <- function(cs, start) {
  at <- function(log_theta) best_of(cs, sprintf("MASS::negative.binomial(theta = %.17g)", exp(log_theta)))
  if (start > 1e3) return(best_of(cs, "poisson"))
  at(optimize(function(t) criterion(at(t)), log(start) + c(-1, 1), tol = 1e-7)$minimum)
}

describe_best <- function(cs, m) {
  d <- describe(m)
  if (!is_nb(cs) || !is.null(d$nb_theta)) return(d)
  modifyList(d, list(df = d$df + 1L, AIC = d$AIC + 2, BIC = d$BIC + log(nobs(m)), nb_theta = "Inf"))
}

# what optimizeGlmer hands from the first stage to the second
stage1 <- function(cs) {
  f <- run_quietly(sub("^glmer\\(", "glFormula(", sub(", nAGQ = \\d+", "", call_text(cs, "glmer"))))
  devfun <- do.call(mkGlmerDevfun, f)
  opt <- optimizeGlmer(devfun, optimizer = "bobyqa")
  list(theta = opt$par, criterion = opt$fval, feval = opt$feval, fixef = environment(devfun)$pp$beta(1))
}

# Only where its Laplace approximation is lme4's: elsewhere it has the observed information or another scale
is_canonical <- function(cs) cs$family %in% c("binomial", "poisson") && is.null(cs$link) && is.null(cs$nAGQ)
glmmTMB_of <- function(cs) {
  m <- run_quietly(call_text(cs, "glmmTMB"))
  list(
    version = as.character(packageVersion("glmmTMB")), criterion = -2 * as.numeric(logLik(m)),
    fixef = as.list(fixef(m)$cond), se = as.list(sqrt(diag(vcov(m)$cond))),
    sd = lapply(VarCorr(m)$cond, function(v) as.list(attr(v, "stddev")))
  )
}

expected <- function(cs) {
  head <- list(id = cs$id, case = cs, lme4 = as.character(packageVersion("lme4")), R = R.version.string)
  r <- tryCatch(run_listening(call_text(cs)), error = function(e) e)
  if (inherits(r, "error")) return(c(head, list(error = conditionMessage(r))))
  m <- r$fit
  best <- if (is_nb(cs)) best_nb(cs, getME(m, "glmer.nb.theta")) else best_of(cs)
  gradient <- m@optinfo$derivs$gradient
  c(
    head,
    list(
      messages = as.list(r$said), nobs = nobs(m), ngrps = as.list(ngrps(m)),
      optimizer = paste(m@optinfo$optimizer, collapse = "+"), feval = m@optinfo$feval,
      gradient = gradient, max_abs_grad = if (is.null(gradient)) NULL else max(abs(gradient)),
      default = describe(m), best = describe_best(cs, best),
      truth = list(criterion = criterion(best), source = "lme4 1.1-31, best of several optimisers and restarts"),
      lme4_gap = criterion(m) - criterion(best)
    ),
    if (is_nb(cs)) list(nb_fits = attr(m, "nevals")) else list(stage1 = stage1(cs)),
    if (is_canonical(cs)) list(glmmTMB = glmmTMB_of(cs))
  )
}

named <- commandArgs(TRUE)
for (directory in c("csv", "expected")) dir.create(directory, showWarnings = FALSE)
if (length(named) == 0) for (name in names(tables)) simulate_table(name)
write(toJSON(lapply(cases, function(cs) Filter(Negate(is.null), cs)), auto_unbox = TRUE, pretty = TRUE), "cases.json")
for (cs in cases) if (length(named) == 0 || cs$id %in% named) {
  cs <- Filter(Negate(is.null), cs)
  if (length(named) > 0) simulate_table(sub(".csv", "", cs$csv))
  .d <- read_table(cs)
  e <- expected(cs)
  json <- toJSON(e, auto_unbox = TRUE, digits = NA, null = "null", na = "null", pretty = TRUE)
  write(json, file.path("expected", paste0(cs$id, ".json")))
  if (!is.null(e$error)) cat(sprintf("%-26s ERROR %s\n", cs$id, e$error))
  else cat(sprintf("%-26s %.6f gap %.2g TMB %.6f feval %d grad %.2g sing %s nb %.4g  %s\n", cs$id, e$default$criterion,
    e$lme4_gap, if (is.null(e$glmmTMB)) NA else e$glmmTMB$criterion, e$feval,
    if (is.null(e$max_abs_grad)) NA else e$max_abs_grad, e$default$singular,
    if (is.numeric(e$best$nb_theta)) e$best$nb_theta else NA, paste(e$messages, collapse = " | ")))
}
