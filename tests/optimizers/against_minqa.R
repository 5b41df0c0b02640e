# minqa::bobyqa on the problems of against_minqa.py: Rscript against_minqa.R problems.json answers.json
# Numbers go both ways as hexadecimal text, so that not a bit is lost.
suppressMessages({library(minqa); library(jsonlite)})
hex <- function(x) sprintf("%a", x)
chain <- function(terms) { s <- 0; for (t in terms) s <- s + t; s }  # in doubles, unlike sum()
quadratic <- function(x, p) { s <- 0; for (i in seq_along(x)) { r <- chain(p$A[i, ] * (x - p$c)); s <- s + r * r }; s }
families <- list(
  quadratic = quadratic,
  rosenbrock = function(x, p) { n <- length(x); if (n == 1) return((x - 1) * (x - 1))
    a <- x[-1] - x[-n] * x[-n]; b <- 1 - x[-n]; chain(100 * (a * a) + b * b) },
  corners = function(x, p) chain(p$w * abs(x - p$c)),
  largest = function(x, p) max(abs(x - p$c) * p$w),
  steps = function(x, p) floor(quadratic(x, p) * 4096) / 4096,
  quartic = function(x, p) { d <- x - p$c; chain(p$w * (d * d * d * d)) + quadratic(x, p) * 0.0078125 },
  saddle = function(x, p) { d <- x - p$c; chain((p$w - 1) * (d * d)) },
  holes = function(x, p) { s <- quadratic(x, p); if (x[1] > p$c[1] + 0.25) 1e10 else s },
  undefined = function(x, p) if (x[1] > p$c[1] + 0.25) NaN else quadratic(x, p),
  huge = function(x, p) quadratic(x, p) * 1e8 + 1e8)
solve_one <- function(q) {
  num <- function(v) as.numeric(unlist(v))
  n <- length(q$start)
  p <- list(c = num(q$c), w = num(q$w), A = matrix(num(q$A), n, n, byrow = TRUE))
  rows <- list(); f <- families[[q$family]]
  g <- function(x) { v <- f(x, p); rows[[length(rows) + 1]] <<- c(x, v); v }
  control <- list(npt = q$npt, rhobeg = num(q$rhobeg), rhoend = num(q$rhoend), maxfun = q$maxfun)
  o <- suppressWarnings(bobyqa(num(q$start), g, num(q$lower), num(q$upper), control))
  path <- do.call(rbind, rows)
  list(feval = o$feval, ierr = o$ierr, par = I(hex(o$par)), fval = hex(o$fval), path = I(hex(t(path[2:(o$feval + 1), , drop = FALSE]))))
}
files <- commandArgs(TRUE)
problems <- fromJSON(files[1], simplifyVector = FALSE)
writeLines(toJSON(lapply(problems, solve_one), auto_unbox = TRUE), files[2])
