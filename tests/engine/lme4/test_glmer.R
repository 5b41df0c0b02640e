# The numbers of tests/engine/lme4/test_glmer.py: Rscript test_glmer.R  (lme4 1.1-31, R 4.2.2)
suppressMessages(library(lme4))
d <- read.csv("../../golden/csv/cbpp.csv")
d$herd <- factor(d$herd); d$period <- factor(d$period)
d$p <- d$incidence / d$size; d$w <- d$size + 0.3; d$x <- d$size * 1000; d$s <- d$size / 10
cbpp <- cbind(incidence, size - incidence) ~ period + (1 | herd)
show <- function(label, fit) {
  said <- character()
  hear <- function(condition, restart) { said <<- c(said, conditionMessage(condition)); invokeRestart(restart) }
  fit <- tryCatch(
    withCallingHandlers(
      fit,
      warning = function(w) hear(w, "muffleWarning"),
      message = function(m) hear(m, "muffleMessage")
    ),
    error = function(e) conditionMessage(e)
  )
  cat("\n", label, "\n", sep = "")
  if (is.character(fit)) cat("error:", fit, "\n")
  else cat(format(fit@devcomp$cmp[["dev"]], digits = 15), fit@optinfo$feval, "\n")
  print(said[!grepl("^theta.ml", said)])
}
for (name in c("Nelder_Mead", "nloptwrap"))
  show(name, glmer(cbpp, d, binomial, control = glmerControl(optimizer = name)))
for (maxfun in c(15, 60))
  show(maxfun, glmer(cbpp, d, binomial, control = glmerControl(optCtrl = list(maxfun = maxfun))))
show("bobyqa 60", glmer(cbpp, d, binomial, control = glmerControl(optimizer = "bobyqa", optCtrl = list(maxfun = 60))))
show("start", glmer(cbpp, d, binomial, start = list(theta = 0.5, fixef = rep(-1, 4))))
show("25 points", glmer(cbpp, d, binomial, nAGQ = 25))
show("fractional", glmer(p ~ period + x + (1 | herd), d, binomial, weights = w))
for (unit in c(1e5, 1e6))
  show(unit, glmer(incidence ~ period + I(size * unit + 1) + (1 | herd), d, poisson))
nb <- incidence ~ period + s + (1 | herd)
show("nb, maxfun 80", glmer.nb(nb, data = d, control = glmerControl(optCtrl = list(maxfun = 80))))
show("nb, Nelder_Mead", glmer.nb(nb, data = d, control = glmerControl(optimizer = "Nelder_Mead")))
show("nb, x", glmer.nb(incidence ~ period + x + (1 | herd), data = d))
show("nb, nAGQ 0", glmer.nb(nb, data = d, nAGQ = 0))
print(MASS::theta.ml(c(0, 1, 7, 2, 0, 12, 3, 5), c(1.5, 2, 4, 3, 1, 6, 3, 4), weights = rep(1, 8), limit = 20, eps = 1e-4), digits = 15)
