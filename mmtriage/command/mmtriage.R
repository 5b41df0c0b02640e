# mmtriage: judge a mixed model that has been fitted in R.   source("mmtriage.R"); mmtriage(model)
#
#   mmtriage(model)            a fit by lmer, glmer or glmer.nb (also lmerTest's, blme's, afex's), nlme::lme or glmmTMB
#   mmtriage(formula, data)    no fit yet: fitted as lme4 would
#
# The fit and its table are written to a temporary directory and `mmtriage judge` is run on them. The report is
# printed and returned invisibly, as a list where jsonlite is installed, else as JSON text.
#
#   data          the whole table of the call; found by itself where the model's call names it
#   nb_theta      "estimated" as by glmer.nb, or "fixed" (glmer with negative.binomial(theta)); by default as the fit shows
#   use.hessian   of glmer's standard errors, as in summary(model, use.hessian = )
#   options       further words for mmtriage judge: c("--keep", "(1 | g)")
#   exe           the program; options(mmtriage.exe = "...") sets it for good
#   view          whether to open the report in the viewer
#
# Base R only; lme4, nlme or glmmTMB where the model is one of theirs.

mmtriage <- function(model, data = NULL, nb_theta = c("estimated", "fixed"), use.hessian = NULL,
                     options = character(), exe = getOption("mmtriage.exe", "mmtriage"),
                     view = interactive()) {
  nb_theta <- if (missing(nb_theta)) NULL else match.arg(nb_theta)
  dir <- tempfile("mmtriage")
  dir.create(dir)
  if (inherits(model, "formula")) {
    if (is.null(data)) .mmt_stop("there is no table: mmtriage(formula, data)")
    table <- as.data.frame(data)[intersect(all.vars(model), names(data))]
    .mmt_csv(table, file.path(dir, "table.csv"))
    words <- c("fit", file.path(dir, "table.csv"), .mmt_text(model), .mmt_factor_words(table))
  } else {
    written <- .mmt_fit(model, data, nb_theta, use.hessian)
    .mmt_csv(written$table, file.path(dir, "table.csv"))
    con <- file(file.path(dir, "fit.json"), open = "wb")
    writeLines(enc2utf8(.mmt_json(written$fit)), con, useBytes = TRUE)
    close(con)
    words <- c("judge", file.path(dir, "fit.json"), file.path(dir, "table.csv"))
  }
  .mmt_run(c(words, options), dir, exe, view, if (inherits(model, "formula")) NULL else written$made)
}

# ---- the program ---------------------------------------------------------------------------------------------

.mmt_stop <- function(...) {
  said <- structure(list(message = paste0(...), call = NULL), class = c("mmtriage_error", "error", "condition"))
  stop(said)
}

# The words go through a file, one a line: no shell ever sees a formula.
# `made` has the expressions of the columns that the call computed, and that the user's own table does not have.
.mmt_run <- function(words, dir, exe, view, made = NULL) {
  if (!nzchar(Sys.which(exe)) && !file.exists(exe))
    .mmt_stop("the program ", exe, " is not found; set options(mmtriage.exe = \"/path/to/mmtriage\")")
  json <- file.path(dir, "report.json")
  html <- file.path(dir, "report.html")
  words <- c(words, "--output", paste0("json:", json), if (view) c("--output", paste0("html:", html)))
  con <- file(file.path(dir, "words.txt"), open = "wb")
  writeLines(enc2utf8(gsub("[\r\n]+", " ", words)), con, useBytes = TRUE)
  close(con)
  out <- file.path(dir, "stdout.txt")
  err <- file.path(dir, "stderr.txt")
  here <- setwd(dir)
  on.exit(setwd(here))
  code <- system2(exe, "@words.txt", stdout = out, stderr = err)
  said <- paste(readLines(out, warn = FALSE, encoding = "UTF-8"), collapse = "\n")
  wrong <- paste(readLines(err, warn = FALSE, encoding = "UTF-8"), collapse = "\n")
  if (!file.exists(json)) .mmt_stop(if (nzchar(wrong)) sub("^Error:? ?", "", wrong) else "mmtriage gave no report")
  cat(said, "\n", sep = "")
  if (length(made) && grepl("data = d", said, fixed = TRUE))
    cat("\nIn this code `d` is the data of the fit, with\n", paste0("  d$", names(made), " <- with(d, ", made, ")\n"), sep = "")
  if (view && file.exists(html)) {
    viewer <- getOption("viewer")
    if (is.function(viewer)) viewer(html) else utils::browseURL(html)
  }
  text <- paste(readLines(json, warn = FALSE, encoding = "UTF-8"), collapse = "\n")
  if (requireNamespace("jsonlite", quietly = TRUE)) text <- jsonlite::fromJSON(text, simplifyVector = FALSE)
  invisible(text)
}

# ---- text, JSON and CSV, in base R -----------------------------------------------------------------------------

.mmt_text <- function(x) paste(deparse(x, width.cutoff = 500L, backtick = TRUE), collapse = " ")

.mmt_number <- function(x) ifelse(is.finite(x), sprintf("%.17g", x), "null")

.mmt_string <- function(x) {
  x <- enc2utf8(as.character(x))
  x <- gsub("\\", "\\\\", x, fixed = TRUE)
  x <- gsub("\"", "\\\"", x, fixed = TRUE)
  x <- gsub("\n", "\\n", x, fixed = TRUE)
  x <- gsub("\r", "\\r", x, fixed = TRUE)
  x <- gsub("\t", "\\t", x, fixed = TRUE)
  x <- gsub("[[:cntrl:]]", " ", x)
  ifelse(is.na(x), "null", paste0("\"", x, "\""))
}

# A named list is an object, an unnamed list or a vector of class "many" a list; NULL entries are left out.
.mmt_json <- function(x) {
  if (is.null(x)) return("null")
  if (is.list(x) && length(names(x))) {
    x <- x[!vapply(x, is.null, NA)]
    parts <- paste0(.mmt_string(names(x)), ": ", vapply(x, .mmt_json, ""))
    return(paste0("{", paste(parts, collapse = ",\n "), "}"))
  }
  if (is.list(x)) return(paste0("[", paste(vapply(x, .mmt_json, ""), collapse = ", "), "]"))
  one <- if (is.logical(x)) ifelse(is.na(x), "null", ifelse(x, "true", "false"))
         else if (is.numeric(x)) .mmt_number(x) else .mmt_string(x)
  if (inherits(x, "many") || length(one) != 1L) paste0("[", paste(one, collapse = ", "), "]") else one
}

.mmt_many <- function(x) if (is.null(x)) NULL else structure(unclass(as.vector(x)), class = "many")

.mmt_rows <- function(m) lapply(seq_len(nrow(m)), function(i) .mmt_many(unname(m[i, ])))

.mmt_csv <- function(table, path) {
  cells <- lapply(table, function(x) {
    if (is.logical(x)) ifelse(is.na(x), "", ifelse(x, "TRUE", "FALSE"))
    else if (is.factor(x) || is.character(x)) {
      x <- enc2utf8(as.character(x))
      ifelse(is.na(x), "", paste0("\"", gsub("\"", "\"\"", x, fixed = TRUE), "\""))
    } else {
      x <- as.numeric(x)
      ifelse(is.na(x), "", ifelse(is.finite(x), sprintf("%.17g", x), ifelse(x > 0, "Inf", "-Inf")))
    }
  })
  names <- paste0("\"", gsub("\"", "\"\"", enc2utf8(names(table)), fixed = TRUE), "\"")
  con <- file(path, open = "wb")
  on.exit(close(con))
  writeLines(paste(names, collapse = ","), con, useBytes = TRUE)
  writeLines(do.call(paste, c(unname(cells), sep = ",")), con, useBytes = TRUE)
}

.mmt_factor_words <- function(table) {
  words <- character()
  for (name in names(table)) if (is.factor(table[[name]])) {
    quoted <- paste0("\"", gsub("\"", "\"\"", levels(table[[name]]), fixed = TRUE), "\"")
    words <- c(words, "--factor", paste0(name, "=", paste(quoted, collapse = ",")))
  }
  words
}

# ---- the fit ---------------------------------------------------------------------------------------------------

.mmt_fit <- function(model, data, nb_theta, use.hessian) {
  if (inherits(model, "mixed")) {                                  # afex
    model <- model$full_model
    if (is.list(model)) model <- model[[length(model)]]
  }
  if (is.list(model) && length(model) && inherits(model[[1]], c("merMod", "lme", "glmmTMB")))
    .mmt_stop("this is a list of ", length(model), " fits: judge one, mmtriage(fits[[1]]), or each, lapply(fits, mmtriage)")
  if (inherits(model, "nlmerMod")) .mmt_stop("nlmer fits a nonlinear model, which mmtriage does not know")
  if (inherits(model, "merMod")) return(.mmt_merMod(model, data, nb_theta, use.hessian))
  if (inherits(model, "nlme")) .mmt_stop("nlme::nlme fits a nonlinear model, which mmtriage does not know")
  if (inherits(model, "lme")) return(.mmt_lme(model, data))
  if (inherits(model, "glmmTMB")) return(.mmt_glmmTMB(model, data))
  .mmt_stop("mmtriage() takes a fit by lme4, nlme::lme or glmmTMB, not an object of class ", class(model)[1])
}

.mmt_version <- function(package) as.character(utils::packageVersion(package))

.mmt_effects <- function(beta, se) {
  lapply(seq_along(beta), function(i) {
    list(name = names(beta)[i], estimate = unname(beta[i]), se = if (is.na(se[i])) NA_real_ else unname(se[i]))
  })
}

# The variables of the call's data, as they stand there; the weights and the offset from the model frame. What the
# formula of mmtriage cannot compute is taken from the model frame, under R's name for it.
.mmt_known <- c("(", "+", "-", "*", "/", ":", "^", "|", "||", "~", "%in%", "offset",
                "==", "!=", "<", "<=", ">", ">=", "&", "!", MMT_FUNCTIONS)

# Whether a column of the data is no more what the fit saw of it.
.mmt_differs <- function(frame, data, rows) {
  for (name in intersect(names(frame), names(data))) {
    then <- frame[[name]]
    now <- data[[name]]
    if (is.numeric(then) != is.numeric(now)) return(TRUE)
    if (NROW(now) != nrow(data) || NCOL(now) != 1L || NCOL(then) != 1L || is.list(now)) next
    same <- if (is.numeric(then) && is.numeric(now)) as.numeric(then) == as.numeric(now)[rows]
            else as.character(then) == as.character(now)[rows]
    if (!all(is.na(same) | same)) return(TRUE)
  }
  FALSE
}

.mmt_table <- function(formula, frame, data, env, call = NULL, is_given = FALSE) {
  subset <- call$subset
  notes <- character()
  whole <- !is.null(data)
  rows <- if (whole) match(rownames(frame), rownames(data)) else seq_len(nrow(frame))
  changed <- whole && (anyNA(rows) || (!is_given && .mmt_differs(frame, data, rows)))
  if (changed) { whole <- FALSE; rows <- seq_len(nrow(frame)) }
  n <- if (whole) nrow(data) else nrow(frame)
  source <- if (whole) data else frame
  if (!whole) notes <- c(notes, paste0("The data of the call are ", if (changed) "no more what they were" else "gone",
                                       ": the columns are those of the model frame."))
  named <- list()
  visit <- function(e) {
    if (is.call(e)) {
      f <- if (is.name(e[[1]])) as.character(e[[1]]) else ""
      text <- .mmt_text(e)
      in_frame <- text %in% names(frame) && NCOL(frame[[text]]) == 1L
      can <- all(all.names(e, unique = TRUE) %in% c(.mmt_known, all.vars(e))) && all(all.vars(e) %in% names(source))
      if (in_frame && !can && !f %in% c("+", "-", "*", "/", ":", "^", "|", "||", "~", "(")) {
        named[[text]] <<- frame[[text]]
        notes <<- c(notes, paste0("`", text, "` is taken from the model frame, as R computed it."))
        return(as.name(text))
      }
      for (i in seq_along(e)[-1]) e[[i]] <- visit(e[[i]])
    }
    e
  }
  formula <- as.formula(visit(formula), env = emptyenv())
  vars <- setdiff(all.vars(formula), names(named))
  absent <- setdiff(vars, c(names(source), "pi", "T", "F"))
  inside <- intersect(absent, names(frame))
  spread <- function(x) { y <- x[rep(NA_integer_, n)]; y[rows] <- x; y }
  table <- as.data.frame(source)[intersect(vars, names(source))]
  for (name in names(table)) if (!is.null(dim(table[[name]])) && NCOL(table[[name]]) > 1L)
    .mmt_stop("the column ", name, " of the data is a matrix of ", NCOL(table[[name]]),
              " columns: give each a name of its own, and fit the model with these")
  for (name in inside) table[[name]] <- spread(frame[[name]])
  for (name in names(named)) table[[name]] <- spread(named[[name]])
  outside <- setdiff(absent, c(inside, names(named)))
  for (name in outside) {
    value <- tryCatch(get(name, envir = env), error = function(e) NULL)
    if (length(value) == n) table[[name]] <- value
    else if (length(value) == 1L && is.numeric(value)) table[[name]] <- rep(value, n)
    else .mmt_stop("the variable ", name, " of the formula is not found in the data")
  }
  free <- function(name) { while (name %in% names(table)) name <- paste0(name, "_"); name }
  fit <- list()
  made <- list()
  for (part in c("weights", "offset")) {
    x <- if (part == "weights") stats::model.weights(frame) else frame[["(offset)"]]
    if (is.null(x)) next
    x <- as.numeric(x)
    asked <- call[[part]]
    own <- if (whole && is.name(asked)) source[[as.character(asked)]]
    if (is.numeric(own) && length(own) == n && isTRUE(all(own[rows] == x))) {
      fit[[part]] <- as.character(asked)
      table[[fit[[part]]]] <- own
      next
    }
    fit[[part]] <- free(part)
    table[[fit[[part]]]] <- spread(x)
    if (!is.null(asked)) made[[fit[[part]]]] <- .mmt_text(asked)
  }
  if (whole && !is.null(subset)) {
    keep <- tryCatch(eval(subset, data, env), error = function(e) NULL)
    keep <- if (is.logical(keep)) keep & !is.na(keep) else seq_len(n) %in% rows
    fit$subset <- free("in_subset")
    table[[fit$subset]] <- keep
    made[[fit$subset]] <- .mmt_text(subset)
  }
  is_text <- vapply(table, function(x) is.factor(x) || is.character(x), NA)
  fit$factors <- lapply(names(table)[is_text], function(name) {
    x <- table[[name]]
    list(name = name, levels = .mmt_many(if (is.factor(x)) levels(x) else levels(factor(x))),
         ordered = is.ordered(x))
  })
  fit$logicals <- .mmt_many(names(table)[vapply(table, is.logical, NA)])
  fit$n <- nrow(frame)
  fit$rows_used <- if (whole && nrow(frame) < n) .mmt_many(sort(rows))
  fit$notes <- .mmt_many(unique(notes))
  fit$formula <- .mmt_text(formula)
  list(table = table, fit = fit, made = made)
}

# Contrasts of the fixed part as R stored them with X: names of functions or matrices.
.mmt_fixed_contrasts <- function(stored, frame, xlevels = NULL) {
  out <- lapply(names(stored), function(name) {
    x <- frame[[name]]
    levels <- if (!is.null(xlevels[[name]])) xlevels[[name]] else if (is.factor(x)) levels(droplevels(x))
              else if (is.logical(x)) c("FALSE", "TRUE") else sort(unique(as.character(x)))
    how <- stored[[name]]
    m <- if (is.matrix(how)) how else do.call(if (is.character(how)) get(how) else how, list(levels))
    .mmt_contrast(name, m)
  })
  Filter(Negate(is.null), out)
}

.mmt_contrast <- function(name, m) {
  m <- as.matrix(m)
  columns <- if (is.null(colnames(m))) as.character(seq_len(ncol(m))) else colnames(m)
  list(factor = name, columns = .mmt_many(columns), matrix = .mmt_rows(m))
}

# Of the random terms, from the columns of Z themselves: the rows of each level hold its row of the matrix.
.mmt_random_contrasts <- function(columns, frame) {
  done <- list()
  for (cols in columns) {
    if (!"(Intercept)" %in% colnames(cols)) next
    for (name in names(frame)) {
      x <- frame[[name]]
      if (!(is.factor(x) || is.character(x) || is.logical(x)) || name %in% names(done)) next
      mine <- colnames(cols)[startsWith(colnames(cols), name) & !grepl(":", colnames(cols), fixed = TRUE)]
      x <- if (is.logical(x)) factor(x, levels = c(FALSE, TRUE)) else droplevels(factor(x))
      if (length(mine) != nlevels(x) - 1L || length(mine) == 0L) next
      m <- cols[match(levels(x), as.character(x)), mine, drop = FALSE]
      colnames(m) <- substring(mine, nchar(name) + 1L)
      done[[name]] <- .mmt_contrast(name, .mmt_unnamed_rows(m))
    }
  }
  unname(done)
}

.mmt_unnamed_rows <- function(m) { rownames(m) <- NULL; m }

.mmt_covariances <- function(groups) {
  lapply(groups, function(g) {
    sd <- unname(g$sd)
    R <- g$correlation
    if (!is.null(R)) diag(R) <- 1
    list(group = g$group, terms = .mmt_many(g$terms), sd = .mmt_many(sd),
         correlation = if (length(sd) > 1L && !is.null(R)) .mmt_rows(R))
  })
}

.mmt_data_of <- function(call, env, data) {
  if (!is.null(data)) return(as.data.frame(data))
  if (is.null(call$data)) return(NULL)
  found <- tryCatch(eval(call$data, env), error = function(e) NULL)
  if (is.null(found)) NULL else as.data.frame(found)
}

# ---- lme4 ------------------------------------------------------------------------------------------------------

.mmt_merMod <- function(m, data, nb_theta, use.hessian) {
  call <- m@call
  env <- environment(stats::formula(m))
  frame <- stats::model.frame(m)
  whole <- .mmt_data_of(call, env, data)
  made <- .mmt_table(stats::formula(m), frame, whole, env, call, !is.null(data))
  X <- lme4::getME(m, "X")
  dims <- m@devcomp$dims
  family <- if (dims[["GLMM"]]) stats::family(m) else NULL
  is_nb <- !is.null(family) && startsWith(family$family, "Negative Binomial")
  if (is_nb && is.null(nb_theta)) nb_theta <- if (.mmt_theta_held(m)) "fixed" else "estimated"
  se <- sqrt(diag(as.matrix(if (is.null(use.hessian)) stats::vcov(m) else stats::vcov(m, use.hessian = use.hessian))))
  theta <- .mmt_par(m)
  is_blme <- inherits(m, c("blmerMod", "bglmerMod"))
  priors <- if (is_blme) m@priors
  opt <- m@optinfo
  code <- if (is.null(opt$conv$opt)) 0 else opt$conv$opt
  messages <- c(unlist(opt$conv$lme4$messages), unlist(opt$warnings), if (!identical(as.numeric(code), 0)) opt$message)
  Zt <- lme4::getME(m, "Ztlist")
  cnms <- m@cnms
  columns <- list()
  at <- 0L
  for (k in seq_along(cnms)) {
    z <- vapply(seq_along(cnms[[k]]), function(j) Matrix::colSums(Zt[[at + j]]), numeric(ncol(Zt[[1]])))
    colnames(z) <- cnms[[k]]
    columns[[k]] <- z
    at <- at + length(cnms[[k]])
  }
  fit <- c(made$fit, list(
    schema_version = "1.0",
    software = list(name = "lme4", version = .mmt_version("lme4"), call = .mmt_text(call)),
    family = if (is.null(family)) NULL else if (is_nb) "negative.binomial" else family$family,
    link = if (is.null(family)) NULL else family$link,
    reml = if (is.null(family)) dims[["REML"]] > 0 else NULL,
    nagq = if (is.null(family)) NULL else dims[["nAGQ"]],
    na_action = if (is.null(attr(frame, "na.action"))) NULL else class(attr(frame, "na.action"))[1],
    contrasts = list(fixed = .mmt_fixed_contrasts(attr(X, "contrasts"), frame),
                     random = .mmt_random_contrasts(columns, frame)),
    theta = lapply(seq_along(theta), function(i) list(name = names(theta)[i], value = unname(theta[i]))),
    sigma = if (is.null(family) || dims[["useSc"]] > 0) stats::sigma(m),
    nb_theta = if (is_nb) lme4::getME(m, "glmer.nb.theta"),
    nb_theta_estimated = if (is_nb) nb_theta == "estimated",
    fixed_effects = .mmt_effects(lme4::fixef(m), se),
    dropped = .mmt_many(as.character(names(attr(X, "col.dropped")))),
    messages = .mmt_many(as.character(messages)),
    converged = identical(as.numeric(code), 0),
    singular = lme4::isSingular(m),
    optimizer = opt$optimizer, evaluations = opt$feval,
    log_likelihood = tryCatch(as.numeric(stats::logLik(m)), error = function(e) NA_real_),
    criterion_tight = if (dims[["GLMM"]] && !is_blme) .mmt_tight(m),
    prior = if (is_blme && length(Filter(Negate(is.null), c(priors$covPriors, list(priors$fixefPrior)))))
      "blme",
    prior_on_fixed = if (is_blme) !is.null(priors$fixefPrior)))
  fit$optimizer <- if (length(fit$optimizer) == 1L && is.character(fit$optimizer)) fit$optimizer
  list(table = made$table, fit = fit, made = made$made)
}

# Whether somebody wrote theta into the call: glmer.nb() counts its evaluations, and its theta has all its digits.
.mmt_theta_held <- function(m) {
  theta <- lme4::getME(m, "glmer.nb.theta")
  is.null(attr(m, "nevals")) && theta == signif(theta, 6)
}

# What lme4's optimizer moves: of structured covariances, which lme4 2.x has, their own parameters and not theta.
.mmt_par <- function(m) tryCatch(lme4::getME(m, "par"), error = function(e) lme4::getME(m, "theta"))

# lme4's own deviance function at the fit's parameters, its inner iteration (PIRLS) ended at 1e-13 instead of 1e-7.
# The control goes into the call by value: update() looks names up where the model was made, and finds the user's.
.mmt_tight <- function(m) {
  tryCatch({
    control <- lme4::glmerControl(tolPwrss = 1e-13, nAGQ0initStep = FALSE)
    f <- suppressMessages(suppressWarnings(do.call(stats::update, list(m, devFunOnly = TRUE, control = control))))
    joint <- m@devcomp$dims[["nAGQ"]] == 0
    as.numeric(f(if (joint) .mmt_par(m) else c(.mmt_par(m), lme4::fixef(m))))
  }, error = function(e) NULL)
}

# ---- nlme ------------------------------------------------------------------------------------------------------

.mmt_lme <- function(m, data) {
  if (!is.null(m$modelStruct$corStruct)) .mmt_stop("this lme has a correlation structure, which mmtriage does not know")
  if (!is.null(m$modelStruct$varStruct)) .mmt_stop("this lme has a variance function, which mmtriage does not know")
  structs <- m$modelStruct$reStruct
  groups <- colnames(m$groups)                              # outermost first
  bars <- character()
  terms <- list()
  fixed <- stats::formula(m)
  for (g in rev(names(structs))) {
    pd <- structs[[g]]
    if (!inherits(pd, c("pdSymm", "pdLogChol", "pdNatural", "pdDiag")) && !(inherits(pd, "pdIdent") && ncol(pd) == 1L))
      .mmt_stop("mmtriage does not know the covariance ", class(pd)[1], " of this lme")
    V <- as.matrix(pd) * m$sigma^2
    path <- paste(groups[seq_len(match(g, groups))], collapse = ":")
    inner <- .mmt_text(stats::formula(pd)[[length(stats::formula(pd))]])
    is_diagonal <- inherits(pd, "pdDiag") && ncol(V) > 1L
    bars <- c(bars, paste0("(", inner, if (is_diagonal) " || " else " | ", path, ")"))
    sd <- sqrt(diag(V))
    terms <- c(terms, list(list(group = path, terms = colnames(V), sd = sd,
                                correlation = if (!is_diagonal && length(sd) > 1L) V / outer(sd, sd))))
  }
  formula <- stats::as.formula(paste(.mmt_text(fixed), paste(bars, collapse = " + "), sep = " + "))
  env <- environment(fixed)
  whole <- .mmt_data_of(list(data = m$call$data), if (is.null(env)) parent.frame() else env, data)
  if (is.null(whole)) whole <- as.data.frame(m$data)
  used <- rownames(m$groups)
  if (is.null(used) || anyNA(match(used, rownames(whole)))) used <- names(stats::fitted(m))
  frame <- whole[match(used, rownames(whole)), , drop = FALSE]
  frame <- frame[intersect(all.vars(formula), names(frame))]
  made <- .mmt_table(formula, frame, whole, globalenv(), m$call, !is.null(data))
  effects <- summary(m)$tTable
  stored <- m$contrasts
  both <- lapply(names(stored), function(name) .mmt_contrast(name, stored[[name]]))
  beta <- nlme::fixef(m)
  fit <- c(made$fit, list(
    schema_version = "1.0",
    software = list(name = "nlme", version = .mmt_version("nlme"), call = .mmt_text(m$call)),
    reml = m$method == "REML",
    contrasts = list(fixed = both, random = both),
    random_effects = .mmt_covariances(terms), sigma = m$sigma,
    fixed_effects = .mmt_effects(beta, effects[, "Std.Error"]),
    log_likelihood = as.numeric(stats::logLik(m)),
    optimizer = if (is.null(m$call$control)) "nlminb"))
  list(table = made$table, fit = fit, made = made$made)
}

# ---- glmmTMB ---------------------------------------------------------------------------------------------------

.mmt_glmmTMB <- function(m, data) {
  info <- m$modelInfo
  family <- stats::family(m)
  has <- function(f) !(is.null(f) || identical(.mmt_text(f[[length(f)]]), "0"))
  if (has(info$allForm$ziformula)) .mmt_stop("this glmmTMB has a ziformula: zero-inflated models are not known here")
  if (!identical(.mmt_text(info$allForm$dispformula[[2]]), "1") && family$family == "gaussian")
    .mmt_stop("this glmmTMB has a dispformula, which mmtriage does not know")
  if (length(info$map)) .mmt_stop("this glmmTMB has parameters fixed by `map`")
  if (!is.null(info$priors) && NROW(info$priors)) .mmt_stop("this glmmTMB has priors")
  kind <- paste(family$family, family$link)
  if (!kind %in% c("gaussian identity", "binomial logit", "poisson log"))
    .mmt_stop("of glmmTMB's families mmtriage knows gaussian, binomial (logit) and poisson (log), not ",
              family$family, " (", family$link, ")")
  is_gaussian <- family$family == "gaussian"
  if (!is_gaussian && isTRUE(info$REML)) .mmt_stop("this glmmTMB is a generalized model by REML, which lme4 does not have")
  frame <- stats::model.frame(m)
  if (is_gaussian && !is.null(stats::model.weights(frame)))
    .mmt_stop("weights of a gaussian glmmTMB weigh its log-likelihood, and are not lme4's")
  codes <- vapply(info$reStruc$condReStruc, function(s) names(s$blockCode), "")
  if (any(!codes %in% c("us", "diag"))) .mmt_stop("mmtriage does not know the covariance structure ",
                                                  paste(setdiff(codes, c("us", "diag")), collapse = ", "))
  formula <- stats::formula(m)
  strip <- function(e) {                                # us(x | g) and diag(x | g) as bars
    if (is.call(e) && is.name(e[[1]]) && as.character(e[[1]]) %in% c("us", "diag") && length(e) == 2L &&
        is.call(e[[2]]) && identical(e[[2]][[1]], as.name("|"))) {
      bar <- e[[2]]
      if (as.character(e[[1]]) == "diag") bar[[1]] <- as.name("||")
      return(call("(", bar))
    }
    if (is.call(e)) for (i in seq_along(e)[-1]) e[[i]] <- strip(e[[i]])
    e
  }
  env <- environment(formula)
  formula <- strip(formula)
  whole <- .mmt_data_of(m$call, env, data)
  made <- .mmt_table(formula, frame, whole, env, m$call, !is.null(data))
  V <- glmmTMB::VarCorr(m)$cond
  groups <- info$grpVar
  if (is.null(groups)) groups <- names(V)
  terms <- lapply(seq_along(V), function(i) {
    sd <- attr(V[[i]], "stddev")
    group <- sub("\\.[0-9]+$", "", names(V)[i])
    list(group = group, terms = names(sd), sd = sd, correlation = if (codes[[i]] == "us") attr(V[[i]], "correlation"))
  })
  X <- glmmTMB::getME(m, "X")
  se <- suppressWarnings(sqrt(diag(as.matrix(stats::vcov(m)$cond))))
  beta <- glmmTMB::fixef(m)$cond
  hessian_ok <- isTRUE(m$sdr$pdHess)
  fit <- c(made$fit, list(
    schema_version = "1.0",
    software = list(name = "glmmTMB", version = .mmt_version("glmmTMB"), call = .mmt_text(m$call)),
    family = if (!is_gaussian) family$family, link = if (!is_gaussian) family$link,
    reml = if (is_gaussian) isTRUE(info$REML) else NULL,
    contrasts = list(fixed = .mmt_fixed_contrasts(attr(X, "contrasts"), frame)),
    random_effects = .mmt_covariances(terms),
    sigma = if (is_gaussian) stats::sigma(m),
    fixed_effects = .mmt_effects(beta, se[names(beta)]),
    log_likelihood = -as.numeric(m$fit$objective),
    messages = .mmt_many(c(if (m$fit$convergence != 0) m$fit$message,
                           if (!hessian_ok) "non-positive-definite Hessian matrix")),
    converged = m$fit$convergence == 0 && hessian_ok,
    evaluations = unname(m$fit$evaluations["function"])))
  list(table = made$table, fit = fit, made = made$made)
}
