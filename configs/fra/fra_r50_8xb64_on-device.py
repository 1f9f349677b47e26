_base_ = 'fra_r50_8xb64.py'

# Colour jitter, grey, blur and solarize of the views run on the GPU, so that fewer CPU cores keep it busy.
loading, views, packing = _base_.train_pipeline
train_pipeline = [loading, dict(views, on_device=True), packing]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
