# Rscript --vanilla run.R JOBS RESULTS: runs emitted code as a user would paste it, all of it in one R process.
# JOBS (CSV): id, data, code; RESULTS (CSV): one row per job, in the same order.
suppressMessages(library(lme4))
files <- commandArgs(TRUE)
jobs <- read.csv(files[1], colClasses = "character", check.names = FALSE)

# The criterion as reports have it: of REML where the model is fitted by REML.
criterion <- function(m) UseMethod("criterion")
criterion.merMod <- function(m) if (isREML(m)) REMLcrit(m) else -2 * as.numeric(logLik(m))
criterion.lm <- function(m) -2 * as.numeric(logLik(m))
criterion.glm <- function(m) m$aic - 2 * m$rank  # with a scale, lme4 counts it in the criterion; logLik() does not
criterion.geeglm <- criterion.gls <- criterion.brglmFit <- function(m) NA  # advice, or a penalized fit
criterion.negbin <- function(m) -m$twologlik

# By restricted maximum likelihood, what lm() never prints.
restricted <- function(m) {
  if (inherits(m, "merMod")) return(if (isREML(m)) REMLcrit(m) else NA)
  if (is.na(criterion(m))) return(NA)
  if (inherits(m, "glm")) NA else -2 * as.numeric(logLik(m, REML = TRUE))
}

# By maximum likelihood, to compare fixed effects.
maximum <- function(m) if (inherits(m, "merMod") && isREML(m)) -2 * as.numeric(logLik(refitML(m))) else criterion(m)

# The standard errors that a user reads in the end.
printed <- function(last, m) {
  if (!inherits(m, "merMod")) return(NA)
  suppressWarnings(coef(if (inherits(last, "summary.merMod")) last else summary(m))[, "Std. Error"])
}

run <- function(job) {
  said <- character()
  note <- function(condition, restart) {
    said <<- c(said, conditionMessage(condition))
    invokeRestart(restart)
  }
  here <- new.env(parent = globalenv())
  if (!grepl("d <- read.csv(", job$code, fixed = TRUE)) here$d <- read.csv(job$data)  # as a user does: text is text
  began <- proc.time()[["elapsed"]]
  withCallingHandlers(
    for (line in parse(text = job$code, encoding = "UTF-8")) {
      said <- character()  # a restart is judged by how it ends
      last <- eval(line, here)
    },
    warning = function(w) note(w, "muffleWarning"),
    message = function(m) note(m, "muffleMessage")
  )
  m <- here$m
  mixed <- inherits(m, "merMod")
  data.frame(
    class = class(m)[1],
    criterion = criterion(m),
    restricted = restricted(m),
    maximum = suppressMessages(suppressWarnings(maximum(m))),
    deviance = if (mixed || is.na(criterion(m))) NA else deviance(m),
    df = if (is.na(criterion(m))) NA else attr(logLik(m), "df"),
    singular = if (mixed) isSingular(m) else NA,
    code = if (mixed) m@optinfo$conv$opt else NA,
    messages = paste(trimws(said), collapse = "\n"),
    effects = paste(names(if (mixed) fixef(m) else coef(m)), collapse = "\n"),
    errors = paste(printed(last, m), collapse = "\n"),
    error = NA,
    seconds = proc.time()[["elapsed"]] - began
  )
}

failed <- function(error) {
  row <- as.list(rep(NA, 13))
  names(row) <- c("class", "criterion", "restricted", "maximum", "deviance", "df", "singular", "code", "messages",
                  "effects", "errors", "error", "seconds")
  row$error <- conditionMessage(error)
  as.data.frame(row)
}

rows <- lapply(split(jobs, seq_len(nrow(jobs))), function(job) tryCatch(run(job), error = failed))
results <- cbind(jobs["id"], do.call(rbind, rows))
numbers <- vapply(results, is.numeric, TRUE)
results[numbers] <- lapply(results[numbers], function(x) sprintf("%.17g", x))
write.csv(results, files[2], row.names = FALSE, fileEncoding = "UTF-8")
