# The same model fitted twice: once the fit arrives, or has the right standard errors, and once not.
#   mmtriage r > mmtriage.R; Rscript tests/given/pairs/pairs.R mmtriage.R tests
a <- commandArgs(TRUE); source(a[1]); tests <- normalizePath(a[2])
suppressMessages(library(lme4))
quiet <- function(fit) suppressMessages(suppressWarnings(fit))
table_of <- function(path, factors) {
  d <- read.csv(file.path(tests, path), stringsAsFactors = TRUE)
  for (f in factors) d[[f]] <- factor(d[[f]])
  d
}
keep <- function(name, model, path, use.hessian = NULL) {
  fit <- quiet(.mmt_fit(model, NULL, "estimated", use.hessian))$fit
  fit$data <- file.path("..", "..", path)
  writeLines(.mmt_json(fit), file.path(tests, "given", "pairs", paste0(name, ".json")))
}

path <- "chance/soybean.csv"
d <- table_of(path, "Plot")
keep("soybean_short", quiet(lmer(log(weight) ~ poly(Time, 2) * Variety + (poly(Time, 2) | Plot), data = d)), path)
keep("soybean_arrived", quiet(lmer(log(weight) ~ poly(Time, 2) * Variety + (poly(Time, 2) | Plot), data = d,
                                   control = lmerControl(optimizer = "bobyqa"))), path)

path <- "chance/math_wave.csv"
d <- table_of(path, "id")
keep("math_wave_short", quiet(lmer(mem ~ age + (age | id), data = d)), path)
keep("math_wave_arrived", quiet(lmer(mem ~ age + (age | id), data = d,
                                     control = lmerControl(optimizer = "bobyqa"))), path)

path <- "given/pairs/gamma_log_slopes.csv.gz"
d <- table_of(path, "g")
keep("gamma_log_slopes_short", quiet(glmer(y ~ x + (1 + x | g), data = d, family = Gamma("log"))), path)
keep("gamma_log_slopes_arrived", quiet(glmer(y ~ x + (1 + x | g), data = d, family = Gamma("log"),
                                             control = glmerControl(optimizer = "nlminbwrap"))), path)

# These two arrive: what differs is where summary() takes the standard errors from.
path <- "chance/row_effect.csv"
d <- table_of(path, c("region", "row"))
m <- quiet(glmer(deaths ~ x + (1 | region) + (1 | row), data = d, family = poisson))
keep("row_effect_hessian", m, path)
keep("row_effect_equations", m, path, FALSE)

path <- "golden/minqa/nb_standard_errors.csv"
d <- table_of(path, c("name", "fieldid"))
m <- quiet(glmer.nb(field_count ~ logarea + habitat + (1 | name) + (1 | fieldid), data = d))
keep("nb_standard_errors_hessian", m, path)
keep("nb_standard_errors_equations", m, path, FALSE)

# Under a prior a fit lies beside the optimum of the likelihood, and no optimizer is to blame.
path <- file.path("..", "sample_data", "sleepstudy.csv")
d <- table_of(path, "Subject")
keep("sleepstudy_blmer", quiet(blme::blmer(Reaction ~ Days + (Days | Subject), data = d)), path)
