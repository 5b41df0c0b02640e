# Rscript random_expressions.R FILE: evaluates the column `text` of FILE, and prints where R says otherwise than `kind` and `value`.
suppressMessages({library(splines); library(lme4)})
d <- data.frame(x = c(1, -2, NA, 4, 0, 1e9, -1e-9, 3, 3, 3, 2, 1), z = as.numeric(0:11), f = factor(rep(c("a", "b", "c"), 4)),
  m = factor(c("a", NA, rep("b", 10))), l = rep(c(TRUE, FALSE, NA), 4), e = rep(NA_real_, 12), k = rep(5, 12))
rows <- read.csv(commandArgs(TRUE)[1], colClasses = "character", na.strings = character())
differ <- stopped <- 0
for (i in seq_len(nrow(rows))) {
  v <- tryCatch(suppressWarnings(with(d, eval(parse(text = rows$text[i])))), error = identity)
  if (inherits(v, "error")) { stopped <- stopped + 1; next }
  is_text <- is.factor(v) || is.character(v)
  theirs <- if (is_text) as.character(v) else as.numeric(v)
  ours <- strsplit(rows$value[i], "|", fixed = TRUE)[[1]]
  ours[ours == "NA"] <- NA
  if (!is_text) ours <- suppressWarnings(as.numeric(ours))
  if ((rows$kind[i] == "factor") != is_text || !isTRUE(all.equal(ours, theirs, tolerance = 1e-7))) {
    differ <- differ + 1
    cat(rows$text[i], "\n  R: ", head(theirs, 6), "\n  we:", head(ours, 6), "\n")
  }
}
cat(differ, "of", nrow(rows), "differ;", stopped, "R stops at\n")
