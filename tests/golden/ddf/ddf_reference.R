# Degrees of freedom of the linear mixed models of ../cases.json, by lmerTest and pbkrtest.
# usage, from tests/golden: Rscript ddf/ddf_reference.R cases.json ddf/ddf.json
suppressMessages({library(lme4); library(lmerTest); library(pbkrtest); library(jsonlite)})
argument <- commandArgs(TRUE)
dense <- 2000  # rows: pbkrtest inverts a matrix of rows x rows
table_of <- function(m, ddf) {
  s <- coef(summary(m, ddf = ddf))
  list(estimate = as.list(s[, "Estimate"]), se = as.list(s[, "Std. Error"]), df = as.list(s[, "df"]),
       t = as.list(s[, "t value"]), p = as.list(s[, "Pr(>|t|)"]))
}
named <- function(tables, m) lapply(tables, function(x) setNames(x, names(fixef(m))))
result <- list()
for (case in fromJSON(argument[1], simplifyVector = FALSE)) {
  if (!is.null(case$family) || case$id == "insteval") next
  d <- read.csv(file.path("csv", case$csv), stringsAsFactors = TRUE, na.strings = c("NA", ""))
  for (f in unlist(case$factors)) d[[f]] <- factor(d[[f]])
  reml <- is.null(case$REML) || case$REML
  warned <- character()
  m <- withCallingHandlers(
    suppressMessages(lmerTest::lmer(as.formula(case$formula), data = d, REML = reml)),
    warning = function(w) { warned <<- c(warned, conditionMessage(w)); invokeRestart("muffleWarning") })
  one <- list(singular = isSingular(m), theta = as.list(unname(getME(m, "theta"))), sigma = sigma(m), warned = as.list(warned),
              satterthwaite = named(table_of(m, "Satterthwaite"), m))
  if (reml && nobs(m) <= dense) {  # where pbkrtest fails, lmerTest warns and gives Satterthwaite's: left out
    one$kenward_roger <- tryCatch(named(table_of(m, "Kenward-Roger"), m), warning = function(w) NULL)
  }
  result[[case$id]] <- one
  cat(case$id, isSingular(m), length(warned), "\n")
}
about <- list(R = R.version.string, lme4 = packageVersion("lme4"), lmerTest = packageVersion("lmerTest"),
              pbkrtest = packageVersion("pbkrtest"))
write(toJSON(list(made_with = lapply(about, as.character), cases = result), auto_unbox = TRUE, digits = 12, pretty = TRUE),
      argument[2])
