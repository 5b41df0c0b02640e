# One lme4 fit with default control: Rscript lme4.R TABLE FORMULA FACTOR... prints JSON.
suppressMessages(library(lme4))
a <- commandArgs(TRUE)
d <- read.csv(a[1])
for (f in a[-(1:2)]) d[[f]] <- factor(d[[f]])
seconds <- system.time(m <- suppressMessages(suppressWarnings(lmer(as.formula(a[2]), data = d))))[["elapsed"]]
status <- tryCatch(readLines("/proc/self/status"), error = function(e) character())
peak <- sub("[^0-9]*([0-9]+).*", "\\1", grep("^VmHWM", status, value = TRUE))
peak <- if (length(peak)) as.numeric(peak) / 1024 else NA
cat(sprintf('{"seconds": %.4f, "criterion": %.9f, "evaluations": %d, "peak_mb": %s}\n',
            seconds, REMLcrit(m), m@optinfo$feval, if (is.na(peak)) "null" else sprintf("%.1f", peak)))
