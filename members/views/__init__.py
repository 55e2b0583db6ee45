"""Pages of joining: for workers (`joining`) and the codes that officials print (`codes`)."""
