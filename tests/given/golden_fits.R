# The golden models fitted by lme4's defaults and handed over as `mmtriage(model)` does.
#   mmtriage r > mmtriage.R; Rscript tests/given/golden_fits.R mmtriage.R tests/golden tests/given/golden
#   and the same for tests/golden/glmm_extra
# A fit whose table is that of tests/golden names it; one that needs a column more (weights, offset) has a table of its own.
a <- commandArgs(TRUE); source(a[1]); golden <- normalizePath(a[2]); out <- normalizePath(a[3])
suppressMessages({library(lme4); library(jsonlite)})
for (cs in fromJSON(file.path(golden, "cases.json"), simplifyVector = FALSE)) {
  csv <- if (file.exists(file.path(golden, "csv", cs$csv))) cs$csv else paste0(cs$csv, ".gz")
  d <- read.csv(file.path(golden, "csv", csv), stringsAsFactors = TRUE, na.strings = c("NA", ""))
  for (f in unlist(cs$factors)) d[[f]] <- factor(d[[f]])
  call <- sprintf("%s(%s, data = d", if (is.null(cs$family)) "lmer" else "glmer", cs$formula)
  for (part in c("weights", "offset")) if (!is.null(cs[[part]])) call <- paste0(call, ", ", part, " = ", cs[[part]])
  call <- if (is.null(cs$family)) paste0(call, ", REML = ", if (is.null(cs$REML)) TRUE else cs$REML) else
    paste0(call, ", family = ", cs$family, if (!is.null(cs$link)) sprintf("(link = \"%s\")", cs$link),
           if (!is.null(cs$nAGQ)) paste0(", nAGQ = ", cs$nAGQ))
  if (identical(cs$family, "negative.binomial")) call <- sprintf("glmer.nb(%s, data = d", cs$formula)
  m <- tryCatch(suppressMessages(suppressWarnings(eval(parse(text = paste0(call, ")"))))), error = function(e) NULL)
  if (is.null(m)) { cat(cs$id, "has no fit\n"); next }
  made <- .mmt_fit(m, NULL, "estimated", NULL)
  # The columns of the table as they are: a weight or an offset is named by the call.
  for (part in c("weights", "offset")) if (!is.null(made$fit[[part]])) made$fit[[part]] <- cs[[part]]
  made$fit$data <- file.path("..", "..", substring(golden, regexpr("golden", golden)), "csv", csv)
  writeLines(.mmt_json(made$fit), file.path(out, paste0(cs$id, ".json")))
}
