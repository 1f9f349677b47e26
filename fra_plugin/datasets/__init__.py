"""Data sets and transforms."""
from .affect_net import AffectNet
from .celeba_attributes import CelebAAttributes
from .class_balanced_sampler import ClassBalancedSampler
from .face_csv import FaceCSV
from .face_folder import FaceFolder
from .face_pairs import FacePairs
from .fast_color_jitter import FastColorJitter
from .fast_gaussian_blur import FastGaussianBlur
from .fast_random_resized_crop import FastRandomResizedCrop
from .fer2013 import FER2013
from .fer_plus import FERPlus
from .label_budget import LabelBudget
from .landmark_faces import LandmarkFaces
from .load_face import BrokenImageError, LoadFace
from .located_multi_view import LocatedMultiView
from .raf_db import RAFDB
