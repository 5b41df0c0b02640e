# One fit with default control: Rscript lme4.R PACKAGE TABLE FORMULA FAMILY FACTOR... prints JSON.
a <- commandArgs(TRUE)
package <- a[1]; family <- a[4]
suppressMessages(library(package, character.only = TRUE))
d <- read.csv(a[2], stringsAsFactors = TRUE)
for (f in a[-(1:4)]) d[[f]] <- factor(d[[f]])
formula <- as.formula(a[3])
fit <- function() {
  if (package == "glmmTMB") return(glmmTMB(formula, data = d, family = family))
  if (family == "gaussian") lmer(formula, data = d) else glmer(formula, data = d, family = family)
}
timed <- function() system.time(m <<- suppressMessages(suppressWarnings(fit())))[["elapsed"]]
seconds <- timed()
if (seconds < 2) seconds <- min(seconds, timed(), timed())  # as ours.py
evaluations <- if (package == "glmmTMB") m$fit$evaluations[["function"]] else m@optinfo$feval
criterion <- if (package == "lme4" && isREML(m)) REMLcrit(m) else -2 * as.numeric(logLik(m))
status <- tryCatch(readLines("/proc/self/status"), error = function(e) character())
peak <- sub("[^0-9]*([0-9]+).*", "\\1", grep("^VmHWM", status, value = TRUE))
peak <- if (length(peak)) as.numeric(peak) / 1024 else NA
cat(sprintf('{"seconds": %.4f, "criterion": %.9f, "evaluations": %d, "peak_mb": %s}\n',
            seconds, criterion, as.integer(evaluations), if (is.na(peak)) "null" else sprintf("%.1f", peak)))
