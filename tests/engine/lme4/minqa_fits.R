# Fits by lme4 through minqa's bobyqa, for test_minqa_fits.py. Run by hand: Rscript tests/engine/lme4/minqa_fits.R
suppressMessages(library(lme4))
options(digits = 10)
say <- function(name, m) {
  o <- m@optinfo
  devfun <- if (is(m, "glmerMod")) -2 * as.numeric(logLik(m)) else REMLcrit(m)
  cat(name, format(devfun, digits = 12), "feval", o$feval, "singular", isSingular(m), "\n")
  cat("  theta", format(getME(m, "theta"), digits = 8), "\n  says", unlist(o$conv$lme4$messages), unlist(o$warnings), "\n")
}
at <- function(name) read.csv(file.path("tests/golden/minqa", name), stringsAsFactors = TRUE)
say("faithful", suppressMessages(lmer(eruptions ~ waiting + (waiting | site), at("lme4_faithful.csv"),
  control = lmerControl(optimizer = "bobyqa"))))
say("sleepstudy", lmer(Reaction ~ Days + (Days | Subject), sleepstudy, control = lmerControl(optimizer = "bobyqa")))
g <- at("gamma_log_slope.csv"); g$g <- factor(g$g)
say("gamma", suppressMessages(suppressWarnings(glmer(y ~ x + (1 + x | g), g, family = Gamma("log")))))
say("gamma bobyqa", suppressMessages(suppressWarnings(glmer(y ~ x + (1 + x | g), g, family = Gamma("log"),
  control = glmerControl(optimizer = "bobyqa")))))
b <- at("binary_four_slopes.csv"); b$subject <- factor(b$subject)
say("binary", suppressMessages(suppressWarnings(glmer(Y ~ X * Condition + (X * Condition | subject), b, family = binomial))))
