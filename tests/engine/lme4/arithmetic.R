# Rscript arithmetic.R > arithmetic.json     (in tests/engine/lme4)
# lme4's criterion at a few theta, to the last bit (hexadecimal), for models with one grouping factor.
suppressMessages({library(lme4); library(jsonlite)})
sleepstudy <- function(x) sprintf("Reaction ~ %s + (%s | Subject)", x, x)
models <- list(
  list("sleepstudy.csv", "Subject", sleepstudy("Days")),
  list("sleepstudy.csv", "Subject", sleepstudy("I(Days * 1e3)")),
  list("sleepstudy.csv", "Subject", sleepstudy("I(Days * 1e4)")),
  list("sleepstudy.csv", "Subject", sleepstudy("I(Days * 1e5)")),
  list("sleepstudy.csv", "Subject", sleepstudy("I(Days * 1e6)")),
  list("sleepstudy.csv", "Subject", sleepstudy("I(Days * 1e-4)")),
  list("sleepstudy.csv", "Subject", sleepstudy("I(Days + 2000)")),
  list("sleepstudy.csv", "Subject", sleepstudy("I(Days + 1e6)")),
  list("sleepstudy.csv", "Subject", sleepstudy("Days"), REML=FALSE),
  list("sleepstudy.csv", "Subject", "Reaction ~ Days + offset(Days) + (Days | Subject)"),
  list("sleepstudy.csv", "Subject", "Reaction ~ Days + (Days || Subject)"),
  list("sleepstudy.csv", "Subject", "Reaction ~ Days + (Days + I(Days^2) || Subject)"),
  list("sleepstudy.csv", "Subject", "Reaction ~ Days + (Days | Subject) + (0 + I(Days^2) | Subject)"),
  list("sleepstudy.csv", "Subject", "Reaction ~ Days + (Days + I(Days^2) + I(Days^3) | Subject)"),
  list("sleepstudy.csv", "Subject", "Reaction ~ Days + (Days + I(Days^2) + I(Days^3) + sin(Days) | Subject)"),
  list("sleepstudy.csv", "Subject", "Reaction ~ Days + (Days + I(Days^2) + I(Days^3) + sin(Days) + cos(Days) | Subject)"),
  list("sleepstudy.csv", "Subject", "Reaction ~ 0 + (Days | Subject)"),
  list("dose_latency.csv", "subj", "y ~ dose_mg + latency_ms + (1 + dose_mg + latency_ms | subj)"),
  list("Machines.csv", c("Worker", "Machine"), "score ~ Machine + (0 + Machine | Worker)"),
  list("Machines.csv", c("Worker", "Machine"), "score ~ Machine + (Machine | Worker)"),
  list("Orthodont.csv", c("Subject", "Sex"), "distance ~ age * Sex + (age | Subject)"),
  list("no_group_effect.csv", "group", "y ~ x + (1 | group)"),
  list("bad_scale.csv", "group", "y ~ x_raw + (1 | group)"),
  list("Dyestuff.csv", "Batch", "Yield ~ 1 + (1 | Batch)"),
  list("cake.csv", c("recipe", "replicate"), "angle ~ recipe * temp + (1 | recipe:replicate)"),
  list("cake.csv", c("recipe", "replicate"), "angle ~ recipe + (1 | recipe:replicate)", weights="temp"))
hex <- function(x) ifelse(is.nan(x), "NaN", sprintf("%a", x))
values <- function(model) {
  data <- read.csv(file.path("../../golden/csv", model[[1]]))
  for (name in model[[2]]) data[[name]] <- factor(data[[name]])
  call <- list(as.formula(model[[3]]), data, REML=!identical(model$REML, FALSE))
  if (!is.null(model$weights)) call$weights <- data[[model$weights]]
  parsed <- suppressMessages(suppressWarnings(do.call(lFormula, call)))
  criterion <- do.call(mkLmerDevfun, parsed)
  lower <- parsed$reTrms$lower
  thetas <- c(list(as.numeric(lower == 0)), lapply(1:3, function(i)
    ifelse(lower == 0, runif(length(lower), 0, 2), rnorm(length(lower), 0, 0.5))))
  list(csv=model[[1]], factors=I(model[[2]]), formula=model[[3]], reml=!identical(model$REML, FALSE),
       weights=if (is.null(model$weights)) NA else model$weights,
       points=lapply(thetas, function(theta) list(theta=I(hex(theta)), criterion=hex(criterion(theta)))))
}
set.seed(1)
header <- list(script="tests/engine/lme4/arithmetic.R", R=as.character(getRversion()),
               lme4=as.character(packageVersion("lme4")), Matrix=as.character(packageVersion("Matrix")))
cat(toJSON(c(header, list(models=lapply(models, values))), auto_unbox=TRUE, pretty=1), "\n")
